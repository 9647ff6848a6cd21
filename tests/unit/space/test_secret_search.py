"""The search for secrets in what is about to become public."""

import pytest

from ragspace.space.secret_search import SecretFound, refuse_secrets, secret_variables

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJhY2Nlc3MiOiJtIn0.Tm90QVJlYWxTaWduYXR1cmU"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("AIza" + "Sy0-_" * 7, "a Google API key"),
        ("hf_" + "aB3" * 11, "a Hugging Face token"),
        (JWT, "a JSON web token"),
        ("npg_Ab12Cd34Ef56", "a Neon password"),
        ("sk-proj-" + "a1B2" * 5, "an API key"),
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ("postgresql://me:Xy12Zz34@ep-cool.neon.tech/db", "a database's address"),
        ("rediss://:Xy12Zz34@cache.provider.com:6379/0", "a database's address"),
        ("postgres+asyncpg://me:p%40ss9@10.0.0.7:5432/db", "a database's address"),
    ],
)
def test_what_has_the_form_of_a_key_is_refused_without_showing_it(text: str, what: str) -> None:
    with pytest.raises(SecretFound, match=what) as refused:
        refuse_secrets({"fine.md": b"nothing", "docs/notes.md": f'key: "{text}"\n'.encode()}, {})
    assert "docs/notes.md" in refused.value.message
    assert text not in refused.value.message + refused.value.action


@pytest.mark.parametrize(
    "text",
    [
        "GEMINI_API_KEY=AIza…",
        "HF_TOKEN=hf_…",
        "postgresql://user:password@host:5432/database",
        "postgresql://me:secret12@localhost/chat",
        "redis://user:password@host:port/number",
        "postgresql://me:Xy12Zz34@db.example/chat",
        'f"postgresql://{user}:{password}@{host}/db"',
        "postgresql://USER:…@HOST/DB",
        "AIzaShort",
        "x" * 20 + "AIza" + "S" * 40,
    ],
)
def test_examples_and_parts_of_longer_words_pass(text: str) -> None:
    refuse_secrets({"docs/notes.md": text.encode()}, {})


@pytest.mark.parametrize("path", [".env", "ragspace/.env", "docs/.env.production"])
def test_a_file_of_secrets_is_refused_whatever_it_holds(path: str) -> None:
    with pytest.raises(SecretFound, match="a file of secrets"):
        refuse_secrets({path: b""}, {})


def test_an_example_of_one_passes() -> None:
    refuse_secrets({"backend/.env.example": b"GEMINI_API_KEY=\n"}, {})


@pytest.mark.parametrize(
    "content", [b"x marked-value-9 y", b"\x00\xffmarked-value-9", b'{"a":"marked-value-9"}']
)
def test_a_known_value_is_found_in_any_bytes(content: bytes) -> None:
    with pytest.raises(SecretFound, match="the value of SOME_KEY"):
        refuse_secrets({"file.bin": content}, {"SOME_KEY": "marked-value-9"})


@pytest.mark.parametrize("written", ["p%40ss-word1", "p@ss-word1"])
def test_the_password_within_an_address_is_found_as_it_is_and_as_it_is_written(written: str) -> None:
    known = {"DATABASE_URL": "postgresql://me:p%40ss-word1@db.example/chat"}
    with pytest.raises(SecretFound, match="the value of DATABASE_URL"):
        refuse_secrets({"file.md": written.encode()}, known)


def test_short_values_and_words_are_not_searched_for() -> None:
    known = {"LLM_API_KEY": "ollama", "DATABASE_URL": "postgresql://postgres:postgres@localhost/postgres"}
    refuse_secrets({"file.md": b"ollama and postgres"}, known)


def test_a_value_that_is_almost_an_address_is_searched_for_as_it_is() -> None:
    with pytest.raises(SecretFound):
        refuse_secrets({"file.md": b"x ab://[c12345 y"}, {"SOME_TOKEN": "ab://[c12345"})


def test_an_address_that_is_itself_the_secret_is_searched_for() -> None:
    hook = "https://hooks.example/services/T0/B0/x9y8z7"
    with pytest.raises(SecretFound):
        refuse_secrets({"file.md": hook.encode()}, {"HOOK_SECRET": hook})


def test_the_names_of_variables_tell_which_are_secret() -> None:
    given = {
        "HF_TOKEN": "1",
        "GEMINI_API_KEY": "2",
        "DATABASE_URL": "3",
        "PGPASSWORD": "4",
        "QDRANT_URL": "5",
    }
    assert secret_variables({**given, "PATH": "6", "TOKENIZERS": "7"}).keys() == given.keys() - {"QDRANT_URL"}


def test_the_address_of_a_file_is_no_secret() -> None:
    assert secret_variables({"DATABASE_URL": "sqlite:///conversations.db"}) == {}
