"""What of the settings goes to a Space, and as what."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from ragspace.errors import ConfigurationError
from ragspace.settings import Settings
from ragspace.space.environment import (
    HARMLESS,
    STAYS_HERE,
    SpaceEnvironment,
    is_placeholder,
    read_variables,
)

SETTINGS = {name.upper(): field for name, field in Settings.model_fields.items()}
PRODUCTION = {
    "GEMINI_API_KEY": "marked-key",
    "QDRANT_URL": "https://cluster.example:6333",
    "QDRANT_API_KEY": "marked-key",
    "DATABASE_URL": "postgresql://me:marked-password@db.example/chat",
}


def test_only_what_is_known_to_be_harmless_is_public():
    given = SpaceEnvironment.of(dict.fromkeys(SETTINGS, "1"))
    assert set(given.variables) == HARMLESS
    assert set(given.secrets) == SETTINGS.keys() - HARMLESS - STAYS_HERE
    assert {"DATABASE_URL", "QDRANT_URL", "GEMINI_API_KEY", "LLM_BASE_URL"} <= set(given.secrets)


def test_nothing_that_is_kept_as_a_secret_is_called_harmless():
    secret = {
        name for name, field in SETTINGS.items() if SecretStr in getattr(field.annotation, "__args__", ())
    }
    assert secret
    assert not secret & HARMLESS
    assert SETTINGS.keys() >= HARMLESS | STAYS_HERE


def test_other_variables_of_the_machine_never_leave_it():
    given = SpaceEnvironment.of({"HF_TOKEN": "x", "AWS_SECRET_ACCESS_KEY": "x", "PATH": "x", "PORT": "80"})
    assert (given.secrets, given.variables) == ({}, {})


def test_an_address_with_a_login_is_a_secret_whatever_its_name():
    given = SpaceEnvironment.of({"DOCS_BASE_URL": "https://me:marked-password@docs.example"})
    assert set(given.secrets) == {"DOCS_BASE_URL"}


def test_what_is_a_secret_on_the_space_stays_one():
    given = SpaceEnvironment.of({"GEMINI_MODEL": "a", "TOP_K": "3"}, already_secret=["GEMINI_MODEL"])
    assert (dict(given.secrets), dict(given.variables)) == ({"GEMINI_MODEL": "a"}, {"TOP_K": "3"})


def test_the_settings_are_those_of_a_space():
    settings = SpaceEnvironment.of(PRODUCTION).settings("me/demo", {}, {})
    assert (settings.mode, settings.space_id) == ("production", "me/demo")


def test_a_secret_that_only_the_space_knows_counts_as_set():
    settings = SpaceEnvironment.of({}).settings("me/demo", dict.fromkeys(PRODUCTION), {})
    assert settings.index == "qdrant"
    assert settings.gemini_api_key is not None
    assert is_placeholder(settings.gemini_api_key.get_secret_value())


def test_a_variable_of_the_space_counts_and_is_beaten_by_ones_own():
    own = SpaceEnvironment.of({"TOP_K": "3"})
    settings = own.settings("me/demo", {"RAGSPACE_MODE": "embedded", "TOP_K": "9", "RATE_LIMIT": None}, {})
    assert (settings.mode, settings.top_k) == ("embedded", 3)


def test_baked_documents_stand_in_for_the_vector_database():
    without = {name: value for name, value in PRODUCTION.items() if not name.startswith("QDRANT")}
    with pytest.raises(ConfigurationError):
        SpaceEnvironment.of(without).settings("me/demo", {}, {})
    SpaceEnvironment.of(without).settings("me/demo", {}, {"RAGSPACE_BAKED_DOCUMENTS": "docs"})


def test_the_environment_beats_the_file_and_empty_values_are_not_set(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_text("TOP_K=3\nLOG_LEVEL=DEBUG\nHF_TOKEN=\n")
    assert read_variables(file, {"top_k": " 4 ", "RATE_LIMIT": ""}) == {"TOP_K": "4", "LOG_LEVEL": "DEBUG"}


def test_a_file_that_is_no_text_is_told_instead_of_a_traceback(tmp_path: Path):
    file = tmp_path / ".env"
    file.write_bytes(b"GEMINI_API_KEY=\xff\xfe\n")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_variables(file, {})
