"""Secrets are found by value and by form, ordinary text is left alone, and no value is ever told."""

import pytest

from ragspace.space.verification.leaks import check_leaks, secrets_of
from ragspace.space.verification.site import Received

DATABASE_URL = "postgresql://me:p%40ss-word-1@ep-cool-dew-a1b2c3.eu.example/chat"


def found(content: str, **variables: str) -> str | None:
    """What is told of a leak; None where there is none."""
    check = check_leaks([Received("GET /x", content.encode())], secrets_of(variables))
    return check.detail if check.outcome == "failed" else None


@pytest.mark.parametrize(
    "content",
    [
        "AIzaSyD-marked-marked-marked-marked-000",
        "hf_" + "Ab1" * 12,
        "sk-proj-" + "Ab1_" * 8,
        "npg_Ab1Ab1Ab1Ab1",
        "eyJhbGciOiJIUzI1.eyJhY2Nlc3MiOiJt.c2lnbmF0dXJlMTIz",
        "ghp_" + "a1B2" * 9,
        r"\nghp_" + "a1B2" * 9,
        "AKIAABCDEFGHIJKLMNOP",
        "-----BEGIN RSA PRIVATE KEY-----",
        "ep-cool-dew-a1b2c3-pooler.eu-central-1.aws.neon.tech",
        "0b9f7f3c-1f7e-4c7e-9a53-0123456789ab.eu-central.aws.cloud.qdrant.io",
        "postgresql://me:s3cr3t@db.example/chat",
        "redis://default:s3cr3t@cache.example:6379",
        'Traceback (most recent call last):\n  File "a.py"',
    ],
)
def test_what_has_the_form_of_a_secret_is_found(content: str):
    told = found(f"before {content} after")
    assert told is not None
    assert told.endswith("in GET /x.")
    assert content not in told


@pytest.mark.parametrize(
    "content",
    [
        "postgresql://user:password@host/db",
        "postgresql://me:<password>@host/db",
        "postgresql://me:${PASSWORD}@host/db",
        "postgresql://me:[YOUR-PASSWORD]@host/db",
        "postgresql://me:***@host/db",
        "https://….cloud.qdrant.io:6333",
        "http://127.0.0.1:7860/api/chat",
        "GEMINI_API_KEY is created at https://aistudio.google.com/apikey",
        "the prefix hf_ marks a token, sk- another",
        "mailto:me@example.org",
    ],
)
def test_what_a_documentation_says_of_secrets_is_no_leak(content: str):
    assert found(content) is None


def test_a_trace_quoted_in_an_answer_is_no_leak():
    trace = Received("POST /api/chat", b"Traceback (most recent call last)")
    assert check_leaks([trace], []).outcome == "ok"


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("marked-value-1", "KEY"),
        ("?key=marked%22value", "QUOTED"),
        (r'{"a": "marked\"value"}', "QUOTED"),
        ("the password is p@ss-word-1", "DATABASE_URL (its password)"),
        ("the password is p%40ss-word-1", "DATABASE_URL (its password)"),
        ("cannot connect to ep-cool-dew-a1b2c3.eu.example", "DATABASE_URL (its host)"),
        (DATABASE_URL, "DATABASE_URL"),
    ],
)
def test_a_local_secret_is_found_however_it_is_written(content: str, named: str):
    told = found(content, KEY="marked-value-1", QUOTED='marked"value', DATABASE_URL=DATABASE_URL)
    assert told is not None
    assert f"the value of {named} in GET /x" in told
    assert "marked" not in told


@pytest.mark.parametrize("value", ["postgres", "short-1", "connected"])
def test_a_value_that_is_an_ordinary_word_proves_nothing(value: str):
    assert found(f"the {value} service", PASSWORD=value) is None


@pytest.mark.parametrize("value", ["http://localhost:11434/v1", "http://127.0.0.1:6333"])
def test_loopback_is_no_host_to_hide(value: str):
    assert found("localhost and 127.0.0.1", LLM_BASE_URL=value) is None
