"""The seed's edge cases on missing secrets and a malformed DATABASE_URL, and what each mode requires."""

import re
from pathlib import Path

import pytest

from ragspace import configuration
from ragspace import settings as settings_module
from ragspace.errors import ConfigurationError
from ragspace.settings import Settings

PRODUCTION = {
    "SPACE_ID": "me/demo",
    "GEMINI_API_KEY": "marked-gemini-key",
    "QDRANT_URL": "https://cluster.example:6333",
    "QDRANT_API_KEY": "marked-qdrant-key",
    "DATABASE_URL": "postgresql://me:marked-password@db.example/chat",
}


def problems(environment: dict[str, str]) -> str:
    with pytest.raises(ConfigurationError) as refused:
        configuration.load(environment)
    return refused.value.message


def test_with_nothing_configured_every_part_is_built_in():
    settings = configuration.load({})
    assert settings.mode == "mixed"
    assert (settings.generation, settings.embedding, settings.index) == ("extractive", "local", "built-in")
    assert settings.database.dialect == "sqlite"


def test_a_space_is_in_production_and_runs_with_all_its_secrets():
    settings = configuration.load(PRODUCTION)
    assert settings.mode == "production"
    assert (settings.generation, settings.embedding, settings.index) == ("gemini", "gemini", "qdrant")
    assert settings.database.dialect == "postgresql"
    assert settings.qdrant_collection == "docusaurus-book"
    assert settings.hops == 1


@pytest.mark.parametrize("missing", ["GEMINI_API_KEY", "QDRANT_URL", "QDRANT_API_KEY", "DATABASE_URL"])
def test_us2_scenario_3_a_missing_secret_is_named(missing: str):
    message = problems({name: value for name, value in PRODUCTION.items() if name != missing})
    assert re.findall(r"^  (\w+):", message, re.MULTILINE) == [missing]


def test_every_missing_secret_is_named_in_one_message_with_the_place_to_get_it():
    message = problems({"SPACE_ID": "me/demo"})
    assert re.findall(r"^  (\w+):", message, re.MULTILINE) == [
        "DATABASE_URL",
        "GEMINI_API_KEY",
        "QDRANT_API_KEY",
        "QDRANT_URL",
    ]
    assert "https://aistudio.google.com/apikey" in message
    assert "https://console.neon.tech" in message


def test_malformed_and_missing_variables_are_told_together_without_their_values():
    message = problems(
        PRODUCTION
        | {"DATABASE_URL": "mysql://me:marked-password@db", "PORT": "marked-port", "QDRANT_API_KEY": ""}
    )
    assert re.findall(r"^  (\w+):", message, re.MULTILINE) == ["DATABASE_URL", "PORT", "QDRANT_API_KEY"]
    assert "marked" not in message


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "postgresql://",
        "mysql://me:marked-password@h/db",
        "postgresql://me:marked-password@h:x/db",
    ],
)
def test_edge_case_a_malformed_database_url_is_refused_by_name_without_its_value(url: str):
    message = problems({"DATABASE_URL": url})
    assert re.findall(r"^  (\w+):", message, re.MULTILINE) == ["DATABASE_URL"]
    assert "marked-password" not in message


def test_embedded_mode_needs_nothing_on_a_space_and_ignores_what_is_set():
    settings = configuration.load(PRODUCTION | {"RAGSPACE_MODE": "embedded"})
    assert (settings.generation, settings.embedding, settings.index) == ("extractive", "local", "built-in")
    assert settings.database.dialect == "sqlite"


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"QDRANT_API_KEY": "key"}, ["QDRANT_URL"]),
        ({"QDRANT_URL": "https://cluster.example"}, ["QDRANT_API_KEY"]),
        ({"LLM_BASE_URL": "http://localhost:11434/v1"}, ["LLM_MODEL"]),
        ({"LLM_MODEL": "qwen3:4b"}, ["LLM_BASE_URL"]),
        (
            {"LLM_BASE_URL": "http://me:word@localhost/v1", "LLM_MODEL": "m", "LLM_API_KEY": "key"},
            ["LLM_API_KEY"],
        ),
        ({"EMBEDDING_PROVIDER": "gemini"}, ["GEMINI_API_KEY"]),
        ({"EMBEDDING_DIMENSIONS": "768"}, ["EMBEDDING_DIMENSIONS"]),
    ],
)
def test_a_part_half_configured_is_an_error(environment: dict[str, str], named: list[str]):
    assert re.findall(r"^  (\w+):", problems(environment), re.MULTILINE) == named


def test_any_combination_of_parts_works_in_mixed_mode():
    gemini_on_built_in = configuration.load({"GEMINI_API_KEY": "key", "EMBEDDING_PROVIDER": "local"})
    assert (gemini_on_built_in.generation, gemini_on_built_in.embedding) == ("gemini", "local")
    assert gemini_on_built_in.index == "built-in"
    local_on_qdrant = configuration.load({"QDRANT_URL": "http://localhost:6333"})
    assert (local_on_qdrant.index, local_on_qdrant.embedding) == ("qdrant", "local")


def test_an_openai_compatible_endpoint_beats_gemini_for_the_answers():
    settings = configuration.load(
        {"GEMINI_API_KEY": "key", "LLM_BASE_URL": "http://localhost:11434/v1", "LLM_MODEL": "qwen3:4b"}
    )
    assert (settings.generation, settings.embedding) == ("openai", "gemini")


def test_lists_are_split_at_commas_and_model_names_lose_their_prefix():
    settings = configuration.load(
        {
            "GEMINI_API_KEY": "key",
            "GEMINI_MODEL": "models/gemini-3.5-flash, gemini-3.1-flash-lite ,",
            "ALLOWED_ORIGINS": "https://a.example/, https://b-*-c.example",
        }
    )
    assert settings.gemini_model == ("gemini-3.5-flash", "gemini-3.1-flash-lite")
    assert settings.allowed_origins == ("https://a.example", "https://b-*-c.example")


@pytest.mark.parametrize(
    ("name", "value"),
    [("ALLOWED_ORIGINS", "my-app.vercel.app"), ("RATE_LIMIT", "often"), ("LOG_LEVEL", "loud"),
     ("QDRANT_URL", "cluster.example"), ("TOP_K", "0"), ("QDRANT_COLLECTION", "../x"),
     ("TRUSTED_HOPS", "-1")],
)  # fmt: skip
def test_a_malformed_value_is_refused_by_name(name: str, value: str):
    assert re.findall(r"^  (\w+):", problems({name: value}), re.MULTILINE) == [name]


def test_the_environment_beats_the_env_file(tmp_path: Path):
    env_file = tmp_path / ".env"
    env_file.write_text("PORT=1111\nTOP_K=7\nGEMINI_API_KEY=\n")
    settings = configuration.load({"PORT": "2222"}, env_file)
    assert (settings.port, settings.top_k, settings.gemini_api_key) == (2222, 7, None)


@pytest.mark.parametrize("name", ["GEMINI_API_KEY", "LLM_API_KEY", "QDRANT_API_KEY"])
@pytest.mark.parametrize("value", ["marked\nkey", "marked key", "markéd"])
def test_a_key_that_no_header_could_carry_is_refused_at_once(name: str, value: str):
    told = problems(PRODUCTION | {"LLM_BASE_URL": "http://llm.example", "LLM_MODEL": "m", name: value})
    assert re.findall(r"^  (\w+):", told, re.MULTILINE) == [name]
    assert "mark" not in told


def test_no_secret_shows_in_the_settings_text():
    settings = configuration.load(PRODUCTION)
    assert "marked" not in repr(settings)
    assert settings.secret_values() == {
        "marked-gemini-key", "marked-qdrant-key", "postgresql://me:marked-password@db.example/chat",
        "marked-password", "db.example", "cluster.example",
    }  # fmt: skip


def test_what_a_connection_string_has_among_its_parameters_is_secret_too():
    url = "postgresql:///chat?host=db.example&user=me&password=marked-password"
    assert {"marked-password", "db.example"} <= configuration.load({"DATABASE_URL": url}).secret_values()


def test_an_address_that_no_part_uses_may_be_malformed():
    settings = configuration.load({"RAGSPACE_MODE": "embedded", "DATABASE_URL": "postgresql://me:marked@[db"})
    assert settings.secret_values() == {"postgresql://me:marked@[db"}


def test_an_env_file_that_is_no_text_is_told_without_its_content(tmp_path: Path):
    env_file = tmp_path / ".env"
    env_file.write_bytes(b"GEMINI_API_KEY=marked-\xe9\n")
    with pytest.raises(ConfigurationError) as refused:
        configuration.load({}, env_file)
    assert str(env_file) in refused.value.message
    assert "marked" not in f"{refused.value} {refused.value.action}"
    assert refused.value.__suppress_context__


def test_documents_in_the_image_take_the_place_of_qdrant():
    without = {name: value for name, value in PRODUCTION.items() if not name.startswith("QDRANT_")}
    settings = configuration.load({**without, "RAGSPACE_BAKED_DOCUMENTS": "/app/documents"})
    assert (settings.mode, settings.index) == ("production", "built-in")
    assert (
        configuration.load({**PRODUCTION, "RAGSPACE_BAKED_DOCUMENTS": "/app/documents"}).index == "built-in"
    )


def test_what_the_image_brings_along_is_found_in_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(settings_module, "_PACKAGE", tmp_path)
    before = configuration.load({})
    assert (before.ragspace_build_id, before.ragspace_baked_documents) == (None, None)
    (tmp_path / "build_id").write_text("0123456789abcdef\n")
    (tmp_path / "baked_documents").mkdir()
    settings = configuration.load({})
    assert settings.ragspace_build_id == "0123456789abcdef"
    assert settings.ragspace_baked_documents == tmp_path / "baked_documents"
    assert configuration.load({"RAGSPACE_BUILD_ID": "mine"}).ragspace_build_id == "mine"


def test_the_example_file_names_every_setting():
    example = (Path(__file__).parents[2] / "backend" / ".env.example").read_text()
    named = set(re.findall(r"^([A-Z_]+)=$", example, re.MULTILINE))
    provided_by_the_platform = {"SPACE_ID", "SPACE_HOST"}
    assert named == {name.upper() for name in Settings.model_fields} - provided_by_the_platform
