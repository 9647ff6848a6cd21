"""Secrets in what came back: the developer's own by their value, everybody's by their form."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

import orjson

from ragspace.logs import MIN_SECRET_LENGTH
from ragspace.space.checks import Check
from ragspace.space.secret_forms import KEY_FORMS
from ragspace.space.verification.site import Received

HOST_FORMS: Mapping[str, bytes] = {
    "the host of a Neon database": rb"ep-[a-z]+-[a-z]+-[a-z0-9]+[a-z0-9.-]*\.neon\.tech",
    "the host of a Qdrant cluster": rb"[0-9a-f]{8}-[0-9a-f-]{27}[a-z0-9.-]*\.cloud\.qdrant\.io",
}
# In JSON the letter of an escaped line break stands right before what begins the line.
_BEGINNING = rb"(?:(?<!\w)|(?<=\\[bfnrt]))"
FORMS = {what: re.compile(_BEGINNING + form) for what, form in {**KEY_FORMS, **HOST_FORMS}.items()}
CONNECTION_STRING = re.compile(
    rb"\b[a-z][a-z0-9+]*://[^\s:/@\"'\\<>]+:(?P<password>[^\s:/@\"'\\]+)@[\w.\[-]+"
)
PLACEHOLDER = re.compile(
    rb"[<\[{$*.]|%3c|^(?:your[-_]?)?(?:pass(?:word)?|pwd|pw|secret|user|key|token|x+)$|\xe2\x80\xa6",
    re.IGNORECASE,
)
TRACE = b"Traceback (most recent call last)"


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that must not come back, and the variable that it belongs to."""

    variable: str
    value: str

    @property
    def searchable(self) -> bool:
        """A short value, or one that is an ordinary word, is no proof of anything."""
        return len(self.value) >= MIN_SECRET_LENGTH and not self.value.isalpha()

    @property
    def spellings(self) -> frozenset[bytes]:
        """As it stands, in a URL, and in JSON."""
        in_json = orjson.dumps(self.value)[1:-1]
        return frozenset({self.value.encode(), quote(self.value, safe="").encode(), in_json})


def secrets_of(variables: Mapping[str, str]) -> list[Secret]:
    """The values of `variables`, and the passwords and hosts inside those that are addresses."""
    found = []
    for variable, value in variables.items():
        found.append(Secret(variable, value))
        try:
            parts = urlsplit(value)
            password, host = parts.password, parts.hostname
        except ValueError:
            continue
        if parts.scheme and host and host not in ("localhost", "127.0.0.1", "::1"):
            found.append(Secret(f"{variable} (its host)", host))
        if parts.scheme and password:
            found += [Secret(f"{variable} (its password)", each) for each in {password, unquote(password)}]
    return found


def check_leaks(received: Sequence[Received], secrets: Iterable[Secret]) -> Check:
    """Searches every byte received. Names what leaked and where, never the value itself."""
    sought = [secret for secret in secrets if secret.searchable]
    leaks = [f"{what} in {where}" for what, where in _leaks(received, sought)]
    size = sum(len(each.content) for each in received)
    if leaks:
        return Check(
            "no secret",
            "failed",
            "; ".join(dict.fromkeys(leaks)) + ".",
            "Replace that secret where it was made, then take it out of what sends it (a document, a proxy, "
            "a build argument).",
        )
    searched = f"the values of {len(sought)} local secrets and " if sought else ""
    return Check(
        "no secret", "ok", f"{size:,} bytes searched for {searched}{len(FORMS) + 1} forms of secrets."
    )


def _leaks(received: Sequence[Received], sought: list[Secret]) -> Iterable[tuple[str, str]]:
    for each in received:
        for secret in sought:
            if any(spelling in each.content for spelling in secret.spellings):
                yield f"the value of {secret.variable}", each.request
        for what, form in FORMS.items():
            if form.search(each.content):
                yield what, each.request
        for found in CONNECTION_STRING.finditer(each.content):
            if not PLACEHOLDER.search(found["password"]):
                yield "a connection string with its password", each.request
        if TRACE in each.content and "/api/chat" not in each.request:
            yield "a stack trace", each.request
