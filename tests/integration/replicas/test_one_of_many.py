"""Replicas count together what is counted, and see to each other's ends."""

import asyncio
import contextlib
import time
from collections.abc import Iterator

import aiohttp

from tests.integration.replicas.conftest import (
    LOST_SECONDS,
    RATE_LIMIT,
    Replica,
    joined,
    question,
    wait_until_joined,
)
from tests.integration.replicas.test_answers_elsewhere import ENDLESS, Pair, resumed
from tests.support.chat import Heard, ask, events
from tests.support.gemini import GeminiStandIn, replies
from tests.support.redis import Redis
from tests.support.skips import requires

pytestmark = requires("node", "redis")


@contextlib.contextmanager
def restarted(first: Replica, second: Replica) -> Iterator[None]:
    """The first may end in the block, and is there again after it."""
    yield
    first.server.start("live")
    wait_until_joined(first.server, second.server)


async def until_stored(client: aiohttp.ClientSession, heard: Heard, status: str) -> dict[str, object]:
    async with asyncio.timeout(10):
        while True:
            async with client.get(f"/api/conversation/{heard.metadata['conversation_id']}") as response:
                answer = (await response.json())["messages"][1]
            if answer["status"] == status:
                return answer
            await asyncio.sleep(0.05)


async def test_a_replica_that_is_killed_leaves_listeners_that_are_told_and_an_answer_that_is_kept(
    replicas: Pair, gemini: GeminiStandIn, redis: Redis
):
    gemini.script(ENDLESS)
    one, here, there = replicas[0].server, replicas[0].client, replicas[1].client
    with restarted(*replicas):
        heard = Heard()
        async with here.post("/api/chat", json={"message": question()}) as response:
            stream = events(response)
            while len(heard.of_type("token")) < 10:
                event_id, event = await anext(stream)
                heard.events.append(event)
                heard.ids.append(event_id)
            message_id = heard.metadata["message_id"]
            following = asyncio.create_task(resumed(there, message_id, 3))
            await asyncio.sleep(0.2)
            await asyncio.to_thread(one.kill)
            killed = time.monotonic()
            with contextlib.suppress(aiohttp.ClientError):
                async for event_id, event in stream:
                    heard.events.append(event)
                    heard.ids.append(event_id)
        # The reader who lost the connection comes back elsewhere with the last that came through.
        back = asyncio.create_task(resumed(there, message_id, len(heard.events)))
        followed = await following
        assert time.monotonic() - killed < 3 * LOST_SECONDS + 1
        assert (followed.last["type"], followed.last["code"]) == ("error", "shutting_down")
        assert followed.ids[0] == f"{message_id}:4"
        assert (await back).last == followed.last
        kept = await until_stored(there, heard, "incomplete")
        told = heard.events[:2] + heard.of_type("token")[:1] + followed.events
        assert kept["content"] == "".join(e["content"] for e in told if e["type"] == "token")
        assert kept["sources"] == heard.of_type("sources")[0]["sources"]
        await redis.flush()
        again = await resumed(there, message_id, 0)
        assert again.events[0]["replay"] is True
        assert (again.text, again.last["code"]) == (kept["content"], "shutting_down")
        gemini.reset()
        assert (await ask(there, "And now?")).last["type"] == "done"


async def test_a_replica_that_is_stopped_ends_its_answers_and_hands_its_readers_over(
    replicas: Pair, gemini: GeminiStandIn
):
    gemini.script(ENDLESS)
    one, here, there = replicas[0].server, replicas[0].client, replicas[1].client
    with restarted(*replicas):
        async with (
            there.post("/api/chat", json={"message": question()}) as running,
            here.post("/api/chat", json={"message": question()}) as response,
        ):
            _, of_two = await anext(events(running))
            _, of_one = await anext(events(response))
            at_one = asyncio.create_task(resumed(here, of_two["message_id"], 1))
            at_two = asyncio.create_task(resumed(there, of_one["message_id"], 1))
            await asyncio.sleep(0.3)
            assert await asyncio.to_thread(one.stop) == 0
        # What was followed here goes on there: the error takes no number away from the events to come.
        cut, ended = await at_one, await at_two
        assert (cut.last["code"], ended.last["code"]) == ("shutting_down", "shutting_down")
        seen = int(cut.ids[-1].rpartition(":")[2])
        assert seen == 1 + len(cut.events) - 1
        rest = asyncio.create_task(resumed(there, of_two["message_id"], seen))
        async with there.post(f"/api/chat/{of_two['message_id']}/stop") as stopped:
            assert stopped.status == 204
        heard = await rest
        assert heard.ids[0] == f"{of_two['message_id']}:{seen + 1}"
        assert heard.last["finish_reason"] == "stopped"
        await until_stored(there, Heard([of_one]), "incomplete")


async def test_rate_limits_are_counted_together(replicas: Pair):
    async def status(replica: Replica) -> int:
        headers = {"X-Forwarded-For": "203.0.113.7"}
        async with replica.client.post("/api/chat", json={"message": "hi"}, headers=headers) as response:
            if response.status == 429:
                assert 1 <= int(response.headers["Retry-After"]) <= 60
            return response.status

    statuses = await asyncio.gather(*(status(replicas[turn % 2]) for turn in range(RATE_LIMIT + 4)))
    assert sorted(statuses) == [200] * RATE_LIMIT + [429] * 4


async def test_a_quota_that_one_replica_found_spent_is_asked_for_by_no_other(
    replicas: Pair, gemini: GeminiStandIn
):
    gemini.script(replies.quota_exceeded(per="Day"), model="gemini-3.5-flash")
    for replica in replicas:
        assert (await ask(replica.client, question())).last["model"] == "gemini-3.5-flash-lite"
    assert [request.model for request in gemini.asked("generate")] == [
        "gemini-3.5-flash",
        "gemini-3.5-flash-lite",
        "gemini-3.5-flash-lite",
    ]


async def test_without_redis_a_replica_goes_on_alone_and_is_joined_again_by_itself(
    replicas: Pair, redis: Redis, gemini: GeminiStandIn
):
    one, two = (replica.server for replica in replicas)
    here, there = (replica.client for replica in replicas)
    gemini.script(replies.Answer("It needs four secrets [1]. " * 40, pace_s=0.05), times=1)
    async with here.post("/api/chat", json={"message": question()}) as response:
        stream = events(response)
        _, metadata = await anext(stream)
        with redis.frozen():
            asked = time.monotonic()
            assert (await ask(there, question())).last["type"] == "done"
            assert time.monotonic() - asked < 5
        with redis.stopped():
            one.wait_for("it says so", lambda: one.health()["replicas"]["status"] == "unavailable")
            report = one.health()
            assert (report["status"], report["replicas"]["reason"]) == ("healthy", "unreachable")
            assert "REDIS_URL" in report["replicas"]["action"]
            alone = await ask(here, question())
            assert alone.last["type"] == "done"
            async with there.delete(f"/api/conversation/{alone.metadata['conversation_id']}") as deleted:
                assert deleted.status == 204
        for server in (one, two):
            server.wait_for("it is joined again", lambda server=server: joined(server))
        told = [event async for _, event in stream]
        assert told[-1]["type"] == "done"
    # Redis has lost all that it had; the answer that was running is there as a whole all the same.
    heard = await resumed(there, metadata["message_id"], 0)
    assert heard.events == [metadata, *told]
    assert alone.metadata["message_id"] not in await redis.contents()
