"""The server is killed (SIGKILL) under load, again and again: what it told is stored, and nothing by half."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.support import soak
from tests.support.chat import Heard, events
from tests.support.gemini import Answer, GeminiStandIn
from tests.support.postgres import Postgres, database, postgres_url
from tests.support.server import RunningServer
from tests.support.skips import requires

__all__ = ["database"]

pytestmark = [requires("node"), pytest.mark.timeout(600 if soak.FULL else 120)]

KILLS = 20 if soak.FULL else 3
READERS = 12
TEXT = "The LiDAR turns ten times a second, and each turn gives a whole picture. " * 3
SELECTION = {"mode": "selection", "context": "A LiDAR turns ten times a second."}
LOST = (aiohttp.ClientError, ConnectionError, asyncio.TimeoutError)


@dataclass
class Asked:
    """A question and what its reader heard of its answer."""

    question: str = field(default_factory=lambda: f"How fast is it? ({uuid4()})")
    heard: Heard = field(default_factory=Heard)

    @property
    def done(self) -> bool:
        return bool(self.heard.events) and self.heard.last["type"] == "done"


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, gemini: GeminiStandIn, tmp_path: Path) -> Iterator[RunningServer]:
    gemini.script(Answer(TEXT, chunk_size=12, pace_s=0.02))
    environment = {
        "GEMINI_API_KEY": gemini.api_key,
        "GEMINI_BASE_URL": gemini.url,
        "GEMINI_MODEL": "gemini-3.5-flash",
        "EMBEDDING_PROVIDER": "local",
        "RATE_LIMIT": "100000/minute",
    }
    if request.param == "postgres":
        running: Postgres = request.getfixturevalue("postgres")
        environment["DATABASE_URL"] = postgres_url(running.port, request.getfixturevalue("database"))
    with RunningServer(tmp_path, environment) as server:
        yield server


async def test_a_server_that_is_killed_loses_nothing_that_it_told_and_starts_again(
    server: RunningServer,
) -> None:
    seed = soak.seed()
    soak.tell(f"RAGSPACE_SEED={seed}")
    chance = random.Random(seed)
    asked: list[Asked] = []
    for _ in range(KILLS):
        done_before = sum(each.done for each in asked)
        async with aiohttp.ClientSession(server.url) as client:
            readers = [asyncio.create_task(_read(client, asked)) for _ in range(READERS)]
            while sum(each.done for each in asked) < done_before + READERS:
                await asyncio.sleep(0.01)
            await asyncio.sleep(chance.uniform(0, 0.5))
            await asyncio.to_thread(server.kill)
            await asyncio.gather(*readers)
        await asyncio.to_thread(server.start)
        async with aiohttp.ClientSession(server.url) as client:
            for each in asked:
                await _check(client, each)
    begun = [each for each in asked if each.heard.events]
    soak.tell(f"{len(begun)} answers begun, {sum(each.done for each in begun)} done, {KILLS} kills")
    assert any(not each.done for each in begun), "no answer was cut off: nothing was tried"


async def _read(client: aiohttp.ClientSession, asked: list[Asked]) -> None:
    """Ask until the server is gone."""
    with suppress(*LOST):
        while True:
            each = Asked()
            asked.append(each)
            async with client.post("/api/chat", json={"message": each.question, **SELECTION}) as response:
                assert response.status == 200
                async for _, event in events(response):
                    each.heard.events.append(event)


async def _check(client: aiohttp.ClientSession, asked: Asked) -> None:
    if not asked.heard.events:
        return
    async with client.get(f"/api/conversation/{asked.heard.metadata['conversation_id']}") as response:
        if response.status == 404 and not asked.done:
            return
        assert response.status == 200
        question, answer = _pair((await response.json())["messages"])
    assert question["content"] == asked.question
    if asked.done:
        assert (answer["status"], answer["content"]) == ("complete", asked.heard.text)
        assert answer["content"].strip() == TEXT.strip()
    else:
        assert answer["status"] in ("complete", "incomplete")
        assert answer["content"].strip() == (TEXT.strip() if answer["status"] == "complete" else "")


def _pair(messages: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    [question, answer] = messages
    assert (question["role"], answer["role"]) == ("user", "assistant")
    return question, answer
