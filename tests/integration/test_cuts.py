"""Answers outlive connections: cut after every event, and while the server drains."""

import asyncio
import contextlib
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import aiohttp
import pytest

from tests.support.cable import Cable
from tests.support.chat import Heard, events, hear
from tests.support.gemini import Answer, GeminiStandIn
from tests.support.server import RunningServer
from tests.support.servers import free_port
from tests.support.skips import requires

pytestmark = requires("node")

QUESTION = "Which secrets does the Space need?"
TEXT = "".join(f"Sentence {n} tells of “Größe” [1]. " for n in range(24))
PACED = Answer(TEXT, chunk_size=40, pace_s=0.03)


def environment(gemini: GeminiStandIn) -> dict[str, str]:
    return {
        "GEMINI_API_KEY": gemini.api_key,
        "GEMINI_BASE_URL": gemini.url,
        "GEMINI_MODEL": "gemini-3.5-flash",
        "EMBEDDING_PROVIDER": "local",
        "HEAD_HOLD_SECONDS": "0.1",
        "RATE_LIMIT": "10000/minute",
    }


@pytest.fixture(scope="module")
def server(
    gemini_stand_in: GeminiStandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("cuts"), environment(gemini_stand_in)) as running:
        yield running


async def listen(heard: Heard, response: aiohttp.ClientResponse, events_at_most: int) -> None:
    async with aclosing(events(response)) as stream:
        while len(heard.events) < events_at_most:
            event_id, event = await anext(stream)
            heard.ids.append(event_id)
            heard.events.append(event)


async def resumed(client: aiohttp.ClientSession, heard: Heard) -> Heard:
    """What a client hears, all in all, that comes back with the last event id it has."""
    url = f"/api/chat/{heard.metadata['message_id']}/stream"
    async with client.get(url, headers={"Last-Event-ID": heard.ids[-1]}) as response:
        assert response.status == 200, await response.text()
        rest = await hear(response)
    return Heard(heard.events + rest.events, heard.ids + rest.ids)


async def cut_after(count: int, server: RunningServer, client: aiohttp.ClientSession) -> Heard:
    """Ask over a cable that is cut after `count` events, then come back over another."""
    heard, question = Heard(), f"{QUESTION} ({count})"
    async with (
        Cable(free_port(), server.port) as cable,
        aiohttp.ClientSession(cable.url) as cabled,
        cabled.post("/api/chat", json={"message": question}) as response,
    ):
        await listen(heard, response, count)
        cable.cut()
        # Only what came through before the cut is left to be read.
        with contextlib.suppress(aiohttp.ClientError):
            await response.content.read()
    return await resumed(client, heard)


async def whole_is_there(heard: Heard, client: aiohttp.ClientSession) -> None:
    assert heard.last["type"] == "done"
    assert heard.text.strip() == TEXT.strip()
    message_id = heard.metadata["message_id"]
    assert heard.ids == [f"{message_id}:{n}" for n in range(1, len(heard.ids) + 1)]
    async with client.get(f"/api/conversation/{heard.metadata['conversation_id']}") as response:
        question, answer = (await response.json())["messages"]
    assert (question["role"], answer["content"]) == ("user", heard.text)


async def test_a_connection_cut_after_any_event_loses_nothing_and_repeats_nothing(
    server: RunningServer, gemini: GeminiStandIn
):
    gemini.script(PACED)
    cuts = range(1, 25)
    async with aiohttp.ClientSession(server.url, connector=aiohttp.TCPConnector(limit=0)) as client:
        for heard in await asyncio.gather(*(cut_after(count, server, client) for count in cuts)):
            await whole_is_there(heard, client)


async def test_while_the_server_drains_readers_may_come_back_and_new_questions_are_told_that_it_ends(
    tmp_path: Path, gemini: GeminiStandIn
):
    gemini.script(PACED)
    with RunningServer(tmp_path, environment(gemini)) as server:
        async with aiohttp.ClientSession(server.url) as client:
            heard = Heard()
            async with client.post("/api/chat", json={"message": QUESTION}) as response:
                await listen(heard, response, 4)
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            async with asyncio.timeout(5):
                while True:
                    async with client.post("/api/chat", json={"message": "And another?"}) as refused:
                        if refused.status == 503:
                            told = (await refused.json())["error"]
                            break
            assert (told["code"], refused.headers["Retry-After"]) == ("shutting_down", "5")
            heard = await resumed(client, heard)
            assert heard.text.strip() == TEXT.strip()
            assert heard.last["type"] == "done"
            assert await stopping == 0
