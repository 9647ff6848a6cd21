"""An answer's stream as its reader gets it: every event with the moment at which it arrived."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from ragspace.space.verification.site import Received, Site, SiteFailure


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event; `at` is seconds after the request was sent."""

    at: float
    id: str
    event: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.event.get("type"))


@dataclass(slots=True)
class Heard:
    """All that came. `head_at` and `ended_at` are seconds after the request; `broken` says why it ended too
    early, `malformed` is the first line that the live client could not read."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    head_at: float = 0.0
    ended_at: float = 0.0
    arrivals: list[Arrival] = field(default_factory=list)
    comments_at: list[float] = field(default_factory=list)
    error: Mapping[str, Any] = field(default_factory=dict)
    broken: str | None = None
    malformed: str | None = None

    @property
    def events(self) -> list[dict[str, Any]]:
        return [arrival.event for arrival in self.arrivals]

    def of_type(self, kind: str) -> list[Arrival]:
        return [arrival for arrival in self.arrivals if arrival.type == kind]

    @property
    def text(self) -> str:
        return "".join(str(token.event.get("content", "")) for token in self.of_type("token"))

    @property
    def done(self) -> dict[str, Any]:
        """The `done` event; empty where there is none."""
        return next((arrival.event for arrival in self.of_type("done")), {})

    def metadata(self, key: str) -> str | None:
        value = next((arrival.event.get(key) for arrival in self.of_type("metadata")), None)
        return value if isinstance(value, str) else None


async def listen(
    site: Site,
    method: str,
    path: str,
    *,
    json: Any = None,
    headers: Mapping[str, str] | None = None,
    arrived: Callable[[dict[str, Any]], None] = lambda _event: None,
) -> Heard:
    """Everything until the stream ends or breaks; `arrived` is told each event at once. Raises SiteFailure
    where not even a head came."""
    heard = Heard()
    started = time.perf_counter()
    body = bytearray()
    try:
        async with site.open(method, path, json=json, headers=headers) as response:
            heard.status, heard.headers = response.status, response.headers
            heard.head_at = time.perf_counter() - started
            lines = _Lines(heard, arrived)
            async for chunk in response.content.iter_any():
                body += chunk
                lines.feed(chunk, time.perf_counter() - started)
    except SiteFailure as failure:
        if not heard.status:
            raise
        heard.broken = failure.reason
    finally:
        site.received.append(Received(f"{method} {path}", bytes(body)))
    heard.ended_at = time.perf_counter() - started
    # Tokens may have cut in two what must not be in the answer.
    site.received.append(Received(f"{method} {path}, the text", heard.text.encode()))
    if heard.status != 200:
        heard.error = _error(bytes(body))
    return heard


def _error(body: bytes) -> Mapping[str, Any]:
    try:
        error = orjson.loads(body)["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return error if isinstance(error, dict) else {}


class _Lines:
    """Reads as the live client does: split at newlines, parse each line that starts with `data: `."""

    def __init__(self, heard: Heard, arrived: Callable[[dict[str, Any]], None]) -> None:
        self._heard = heard
        self._arrived = arrived
        self._rest = b""
        self._id = ""

    def feed(self, chunk: bytes, at: float) -> None:
        if self._heard.status != 200:
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._take(line, at)

    def _take(self, line: bytes, at: float) -> None:
        if line.startswith(b":"):
            self._heard.comments_at.append(at)
        elif line.startswith(b"id:"):
            self._id = line[3:].strip().decode(errors="replace")
        elif line.startswith(b"data:"):
            try:
                event = orjson.loads(line.removeprefix(b"data: "))
            except orjson.JSONDecodeError:
                event = None
            if isinstance(event, dict):
                self._heard.arrivals.append(Arrival(at, self._id, event))
                self._arrived(event)
            elif self._heard.malformed is None:
                self._heard.malformed = line[:60].decode(errors="replace")
