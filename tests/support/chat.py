"""A chat client for tests: what it sends and hears, event by event."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp


@dataclass
class Heard:
    """All that a client was told of one answer."""

    events: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]

    @property
    def text(self) -> str:
        return "".join(event["content"] for event in self.of_type("token"))

    @property
    def metadata(self) -> dict[str, Any]:
        return self.of_type("metadata")[0]

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]


async def events(response: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """Each event with its id, as it comes. Raises AssertionError for a line of any other kind."""
    event_id = ""
    async for line in response.content:
        text = line.decode().rstrip("\n")
        if text.startswith("id: "):
            event_id = text[4:]
        elif text.startswith("data: "):
            yield event_id, json.loads(text[6:])
        else:
            assert not text or text.startswith(":"), text


async def hear(response: aiohttp.ClientResponse) -> Heard:
    """Everything until the stream ends."""
    heard = Heard()
    async for event_id, event in events(response):
        heard.ids.append(event_id)
        heard.events.append(event)
    return heard


async def ask(client: aiohttp.ClientSession, message: str, **fields: Any) -> Heard:
    """Ask and hear the whole answer. Raises AssertionError where the status is not 200."""
    async with client.post("/api/chat", json={"message": message, **fields}) as response:
        assert response.status == 200, await response.text()
        return await hear(response)
