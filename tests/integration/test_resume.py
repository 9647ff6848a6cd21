"""Resuming a running answer: several listeners at once, who come, go and come back as they like."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing

import aiohttp
import pytest

from tests.support.chat import Heard, events, hear
from tests.support.gemini import Answer, GeminiStandIn
from tests.support.server import RunningServer
from tests.support.servers import LOOPBACK
from tests.support.skips import requires

pytestmark = requires("node")

QUESTION = "Which secrets does the Space need?"
LONG = "".join(f"Sentence {n} tells of a secret and of “Größe” [1]. " for n in range(60))
PACED = Answer(LONG, chunk_size=40, pace_s=0.02)


@pytest.fixture(scope="module")
def server(
    gemini_stand_in: GeminiStandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    environment = {
        **gemini_stand_in.settings,
        "EMBEDDING_PROVIDER": "local",
        "RATE_LIMIT": "10000/minute",
    }
    with RunningServer(tmp_path_factory.mktemp("resume"), environment) as running:
        yield running


@pytest.fixture
async def client(server: RunningServer, gemini: GeminiStandIn) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url, connector=aiohttp.TCPConnector(limit=0)) as session:
        yield session


async def begun(client: aiohttp.ClientSession) -> str:
    """Ask, and go away with the first event: the id of the message that is then being written."""
    async with (
        client.post("/api/chat", json={"message": QUESTION}) as response,
        aclosing(events(response)) as stream,
    ):
        _, metadata = await anext(stream)
    return str(metadata["message_id"])


async def resumed(client: aiohttp.ClientSession, message_id: str, seen: int) -> Heard:
    """Everything after the first `seen` events."""
    given = {"Last-Event-ID": f"{message_id}:{seen}"} if seen else {}
    async with client.get(f"/api/chat/{message_id}/stream", headers=given) as response:
        assert response.status == 200, await response.text()
        return await hear(response)


async def restless(client: aiohttp.ClientSession, message_id: str, chance: random.Random) -> Heard:
    """Listens to some events, hangs up, and comes back with the id of the last, until the end is told."""
    heard = Heard()
    while not heard.events or heard.last["type"] != "done":
        last = heard.ids[-1:]
        by_header = chance.random() < 0.5
        async with client.get(
            f"/api/chat/{message_id}/stream",
            headers={"Last-Event-ID": last[0]} if last and by_header else {},
            params={"last_event_id": last[0]} if last and not by_header else {},
        ) as response:
            patience = chance.randint(1, 12)
            async with aclosing(events(response)) as stream:
                async for event_id, event in stream:
                    heard.ids.append(event_id)
                    heard.events.append(event)
                    patience -= 1
                    if not patience:
                        break
        await asyncio.sleep(chance.choice((0, 0, 0.01, 0.1)))
    return heard


@pytest.mark.parametrize("seed", range(3))
async def test_restless_listeners_all_hear_every_event_once_and_in_order(
    client: aiohttp.ClientSession, gemini: GeminiStandIn, seed: int
):
    gemini.script(PACED)
    message_id = await begun(client)
    steady = asyncio.create_task(resumed(client, message_id, 0))
    listeners = [restless(client, message_id, random.Random(f"{seed}/{n}")) for n in range(8)]
    all_heard = await asyncio.gather(*listeners)
    whole = await steady

    assert whole.text.strip() == LONG.strip()
    assert whole.ids == [f"{message_id}:{n}" for n in range(1, len(whole.events) + 1)]
    for heard in all_heard:
        assert (heard.ids, heard.events) == (whole.ids, whole.events)


async def test_every_event_of_a_running_answer_can_be_resumed_from(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    """Each listener comes as soon as the event that it names is there, and the answer is still written."""
    gemini.script(PACED)
    message_id = await begun(client)
    joined: list[asyncio.Task[Heard]] = []
    whole = Heard()
    async with client.get(f"/api/chat/{message_id}/stream") as response:
        async for event_id, event in events(response):
            whole.ids.append(event_id)
            whole.events.append(event)
            joined.append(asyncio.create_task(resumed(client, message_id, len(whole.ids))))
    assert len(joined) > 20
    for seen, listener in enumerate(joined, start=1):
        rest = await listener
        assert (rest.ids, rest.events) == (whole.ids[seen:], whole.events[seen:])


async def test_a_reader_who_does_not_read_holds_up_nobody(
    server: RunningServer, client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    gemini.script(Answer("word " * 40_000, chunk_size=4000, pace_s=0.01))
    message_id = await begun(client)
    request = f"GET /api/chat/{message_id}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with closing(socket.socket()) as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        stuck.connect((LOOPBACK, server.port))
        stuck.sendall(request)
        heard = await resumed(client, message_id, 0)
        async with client.get("/api/health/live") as response:
            assert response.status == 200
    assert heard.last["type"] == "done"
    assert len(heard.text.split()) == 40_000


async def test_an_event_that_was_not_sent_yet_is_refused(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    gemini.script(PACED)
    message_id = await begun(client)
    url = f"/api/chat/{message_id}/stream"
    async with client.get(url, headers={"Last-Event-ID": f"{message_id}:9999"}) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (400, "invalid_event_id")
    assert (await resumed(client, message_id, 0)).last["type"] == "done"
