"""An answer that one replica writes, at another: resumed at every event, read, stopped, deleted."""

import asyncio
from contextlib import aclosing

import aiohttp

from tests.integration.replicas.conftest import Replica, question
from tests.support.chat import Heard, ask, events, hear
from tests.support.gemini import Answer, GeminiStandIn
from tests.support.redis import Redis
from tests.support.skips import requires

pytestmark = requires("node", "redis")

PACED = Answer("".join(f"Sentence {n} tells of “Größe” [1]. " for n in range(40)), chunk_size=40, pace_s=0.03)
ENDLESS = Answer("It needs four secrets [1]. " * 400, pace_s=0.05)
Pair = tuple[Replica, Replica]


async def resumed(client: aiohttp.ClientSession, message_id: str, seen: int) -> Heard:
    """Everything after the first `seen` events."""
    given = {"Last-Event-ID": f"{message_id}:{seen}"} if seen else {}
    async with client.get(f"/api/chat/{message_id}/stream", headers=given) as response:
        assert response.status == 200, await response.text()
        return await hear(response)


async def stored(client: aiohttp.ClientSession, conversation: str) -> dict[str, object]:
    """The first answer of a conversation, once it is there: `metadata` does not wait for its being stored."""
    while True:
        async with client.get(conversation) as response:
            if response.status == 200:
                return (await response.json())["messages"][1]
            assert response.status == 404, await response.text()
        await asyncio.sleep(0.02)


async def test_every_event_of_a_running_answer_can_be_resumed_from_at_another_replica(
    replicas: Pair, gemini: GeminiStandIn
):
    """Each listener comes to the other replica the moment the event it names was told by the first."""
    here, there = replicas
    gemini.script(PACED)
    joined: list[asyncio.Task[Heard]] = []
    whole = Heard()
    async with here.client.post("/api/chat", json={"message": question()}) as response:
        async for event_id, event in events(response):
            whole.ids.append(event_id)
            whole.events.append(event)
            message_id = whole.metadata["message_id"]
            joined.append(asyncio.create_task(resumed(there.client, message_id, len(whole.ids))))
    assert whole.last["type"] == "done"
    assert len(joined) > 30
    for seen, listener in enumerate(joined, start=1):
        rest = await listener
        assert (rest.ids, rest.events) == (whole.ids[seen:], whole.events[seen:])


async def test_every_event_of_a_finished_answer_can_be_resumed_from_at_another_replica(
    replicas: Pair, gemini: GeminiStandIn
):
    here, there = replicas
    gemini.script(Answer(PACED.text[:400]))
    whole = await ask(here.client, question())
    for seen in range(len(whole.events) + 1):
        rest = await resumed(there.client, whole.metadata["message_id"], seen)
        assert (rest.ids, rest.events) == (whole.ids[seen:], whole.events[seen:])
    never_sent = {"Last-Event-ID": f"{whole.metadata['message_id']}:{len(whole.events) + 1}"}
    url = f"/api/chat/{whole.metadata['message_id']}/stream"
    async with there.client.get(url, headers=never_sent) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (400, "invalid_event_id")


async def test_an_answer_is_stopped_and_read_through_another_replica(replicas: Pair, gemini: GeminiStandIn):
    here, there = replicas
    gemini.script(ENDLESS)
    async with (
        here.client.post("/api/chat", json={"message": question()}) as response,
        aclosing(events(response)) as stream,
    ):
        _, metadata = await anext(stream)
        following = asyncio.create_task(resumed(there.client, metadata["message_id"], 0))
        while (await anext(stream))[1]["type"] != "token":
            pass
        conversation = f"/api/conversation/{metadata['conversation_id']}"
        async with asyncio.timeout(5):
            while not (running := await stored(there.client, conversation))["content"]:
                await asyncio.sleep(0.02)
        assert (running["status"], running["content"][:8]) == ("running", "It needs")
        for _ in range(2):
            async with there.client.post(f"/api/chat/{metadata['message_id']}/stop") as stopped:
                assert stopped.status == 204
        told = [event async for _, event in stream]
    assert (told[-1]["type"], told[-1]["finish_reason"]) == ("done", "stopped")
    assert (await following).last == told[-1]
    kept = await stored(there.client, conversation)
    assert kept["status"] == "stopped"
    assert kept["content"] == (await following).text


async def test_deleting_a_conversation_removes_its_answers_at_every_replica_and_in_redis(
    replicas: Pair, gemini: GeminiStandIn, redis: Redis
):
    here, there = replicas
    gemini.script(Answer("This is to be gone soon."), times=1).script(ENDLESS)
    said = await ask(here.client, question())
    conversation = said.metadata["conversation_id"]
    async with (
        here.client.post("/api/chat", json={"message": "And?", "conversation_id": conversation}) as response,
        aclosing(events(response)) as stream,
    ):
        _, metadata = await anext(stream)
        following = asyncio.create_task(resumed(there.client, metadata["message_id"], 0))
        while (await anext(stream))[1]["type"] != "token":
            pass
        async with there.client.delete(f"/api/conversation/{conversation}") as deleted:
            assert deleted.status == 204
        assert [event async for _, event in stream][-1]["finish_reason"] == "stopped"
    assert (await following).last["type"] in ("done", "error")
    await asyncio.sleep(0.5)
    for replica in replicas:
        for message_id in (said.metadata["message_id"], metadata["message_id"]):
            async with replica.client.get(f"/api/chat/{message_id}/stream") as response:
                assert response.status == 404
        async with replica.client.get(f"/api/conversation/{conversation}") as response:
            assert response.status == 404
    left = await redis.contents()
    for gone in (conversation, said.metadata["message_id"], metadata["message_id"], "gone soon"):
        assert gone not in left.replace(f"kind forget about {gone}", "")


async def test_an_unknown_answer_is_unknown_to_every_replica(replicas: Pair):
    unknown = "0b9f7f3c-1f7e-4c7e-9a53-0123456789ab"
    for replica in replicas:
        async with replica.client.get(f"/api/chat/{unknown}/stream") as response:
            assert response.status == 404
        async with replica.client.post(f"/api/chat/{unknown}/stop") as response:
            assert response.status == 404
