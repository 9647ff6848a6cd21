"""Readers who ask, listen, lose their connection, come back, and write down what they were told."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp

from tests.support.chat import events
from tests.support.faults.world import QUESTION

SELECTED = "A LiDAR turns ten times a second."
MOST_RESUMES = 50


@dataclass
class Asked:
    """One question and all that its reader was told. `status` is the response's; `code` an error's."""

    question: str
    status: int | None = None
    code: str | None = None
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(event["content"] for event in self.events if event["type"] == "token")

    @property
    def metadata(self) -> dict[str, Any] | None:
        return self.events[0] if self.events else None

    @property
    def end(self) -> str | None:
        """`done` or `error`, where the stream had its end."""
        kind = self.events[-1]["type"] if self.events else None
        return kind if kind in ("done", "error") else None


async def reader(
    client: aiohttp.ClientSession, asked: list[Asked], chance: random.Random, until: asyncio.Event
) -> None:
    """Asks one question after the other until it is told to go, and hears the last answer out."""
    conversation_id = None
    while not until.is_set():
        question = Asked(f"{QUESTION} ({uuid4()})")
        asked.append(question)
        body: dict[str, Any] = {"message": question.question}
        if chance.random() < 0.3:
            body["conversation_id"] = conversation_id
        if chance.random() < 0.2:
            body |= {"mode": "selection", "context": SELECTED}
        await ask(client, question, body, chance)
        if question.metadata is not None:
            conversation_id = question.metadata["conversation_id"]
        await asyncio.sleep(chance.uniform(0, 0.3))


async def ask(
    client: aiohttp.ClientSession, asked: Asked, body: dict[str, Any], chance: random.Random
) -> None:
    async with client.post("/api/chat", json=body) as response:
        asked.status = response.status
        if response.status != 200:
            asked.code = (await response.json())["error"]["code"]
            return
        await _listen(response, asked, chance)
    for _ in range(MOST_RESUMES):
        if asked.end is not None or asked.metadata is None:
            return
        message_id = asked.metadata["message_id"]
        last = f"{message_id}:{len(asked.events)}"
        async with client.get(f"/api/chat/{message_id}/stream", headers={"Last-Event-ID": last}) as response:
            if response.status == 200:
                await _listen(response, asked, chance)


async def _listen(response: aiohttp.ClientResponse, asked: Asked, chance: random.Random) -> None:
    """To the end, or until the connection is lost, as one in ten is."""
    patience = chance.randint(1, 8) if chance.random() < 0.1 else None
    async for _, event in events(response):
        asked.events.append(event)
        if patience is not None and len(asked.events) >= patience:
            response.close()
            return
