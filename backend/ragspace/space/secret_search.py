"""Nothing is uploaded that looks like a secret: a Space's files are public and its history keeps them."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote, urlsplit

from ragspace.errors import RagspaceError
from ragspace.logs import MIN_SECRET_LENGTH
from ragspace.space.secret_forms import KEY_FORMS

_SECRET_NAME = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|DSN|CREDENTIALS)$|^(?:DATABASE|REDIS)_URL$")

# What is longer than a key is none: the index of baked documents is a long line of base64.
_KEYS = {what: re.compile(rb"(?<![\w-])" + form + rb"(?![\w-])") for what, form in KEY_FORMS.items()}

_DATABASE_URL = re.compile(
    rb"(?:postgres(?:ql)?(?:\+\w+)?|rediss?)://[^\s:/@\"'`<>{}]*:([^\s/@\"'`<>{}]+)@([^\s/:?\"'`<>{}]+)"
)
_EXAMPLE_PASSWORDS = frozenset({"password", "pass", "passwd", "secret", "pw", "postgres", "example"})
_EXAMPLE_HOST = re.compile(
    r"host|hostname|localhost|db|postgres|127\.0\.0\.1|(?:.*\.)?(?:example|invalid|test)(?:\..*)?"
)


class SecretFound(RagspaceError):
    """A file holds what must not become public; the message names the file and never the value."""


def refuse_secrets(files: Mapping[str, bytes], known: Mapping[str, str]) -> None:
    """Raises SecretFound where one of `files` is a `.env`, holds the value of one of the `known` secrets (by
    the variable that holds it), or something with the form of a key."""
    values = {needle: name for name, value in known.items() for needle in _needles(value)}
    for path, content in files.items():
        name = path.rpartition("/")[2]
        if name.startswith(".env") and name != ".env.example":
            raise _found(path, "is a file of secrets")
        for needle, variable in values.items():
            if needle in content:
                raise _found(path, f"holds the value of {variable}")
        if what := _looks_like(content):
            raise _found(path, f"holds what looks like {what}")


def secret_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Those of `variables` whose name says that they are secret. The address of a file is none."""
    return {
        name: value
        for name, value in variables.items()
        if _SECRET_NAME.search(name.upper()) and not value.startswith("sqlite:")
    }


def _needles(value: str) -> Iterable[bytes]:
    """Short values, and passwords of letters alone, are ordinary words of any text."""
    try:
        passwords = {urlsplit(value).password or ""} if "://" in value else set()
    except ValueError:
        passwords = set()
    passwords |= {unquote(password) for password in passwords}
    for needle in {value, *(each for each in passwords if not each.isalpha())}:
        if len(needle) >= MIN_SECRET_LENGTH:
            yield needle.encode()


def _looks_like(content: bytes) -> str | None:
    for what, pattern in _KEYS.items():
        if pattern.search(content):
            return what
    for password, host in _DATABASE_URL.findall(content):
        if not _is_example(password.decode(errors="replace"), host.decode(errors="replace")):
            return "a database's address with its password"
    return None


def _is_example(password: str, host: str) -> bool:
    made_up = password.lower() in _EXAMPLE_PASSWORDS or not re.search(r"[0-9A-Za-z]", password)
    return made_up or "…" in password or _EXAMPLE_HOST.fullmatch(host.lower()) is not None


def _found(path: str, what: str) -> SecretFound:
    return SecretFound(
        f"Nothing was made: {path} {what}.",
        action="Take it out of that file, or out of the document that it was made from; then run it again. "
        "What was ever public, replace with a new one.",
    )
