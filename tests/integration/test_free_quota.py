"""What a reader gets, and what the model is asked, when its quota is spent or would be spent in vain."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ragspace.models.gemini_api import seconds_to_pacific_midnight
from tests.support.chat import Heard, ask, events, hear
from tests.support.gemini import Answer, GeminiStandIn, replies
from tests.support.server import RunningServer
from tests.support.skips import requires

pytestmark = requires("node")

QUESTION = "Which secrets does the Space need?"
LONG = "The Space needs several secrets, and each of them is set in its settings [1]. " * 4

Serve = Callable[..., Awaitable[tuple[RunningServer, aiohttp.ClientSession]]]


def environment(gemini: GeminiStandIn, **changes: str) -> dict[str, str]:
    return {
        "GEMINI_API_KEY": gemini.api_key,
        "GEMINI_BASE_URL": gemini.url,
        "GEMINI_MODEL": "gemini-3.5-flash,gemini-3.1-flash-lite",
        "EMBEDDING_PROVIDER": "local",
        "HEALTH_INTERVAL_SECONDS": "0.2",
        "RATE_LIMIT": "10000/minute",
        "ANSWER_CACHE_ANSWERS": "100",
    } | changes


@pytest.fixture
async def serve(gemini: GeminiStandIn, tmp_path: Path) -> AsyncIterator[Serve]:
    """Starts a server whose quotas are whole, and a client of it."""
    async with AsyncExitStack() as stack:

        async def start(**changes: str) -> tuple[RunningServer, aiohttp.ClientSession]:
            server = RunningServer(tmp_path, environment(gemini, **changes))
            await asyncio.to_thread(server.start)
            stack.push_async_callback(asyncio.to_thread, server.stop)
            return server, await stack.enter_async_context(aiohttp.ClientSession(server.url))

        yield start


async def refused(client: aiohttp.ClientSession, message: str, **fields: Any) -> int:
    """Ask, and be told that the quota is spent; the seconds to wait."""
    async with client.post("/api/chat", json={"message": message, **fields}) as response:
        body = await response.json()
        assert (response.status, body["error"]["code"]) == (429, "quota_exceeded")
        assert "quota" in body["detail"]
        assert int(response.headers["Retry-After"]) == body["error"]["retry_after"]
        return int(body["error"]["retry_after"])


def gemini_service(server: RunningServer) -> dict[str, Any]:
    service: dict[str, Any] = server.health()["services"]["gemini"]
    return service


async def test_the_sse_edge_case_gemini_quota_is_told_by_the_chat_and_by_health_until_it_is_back(
    serve: Serve, gemini: GeminiStandIn
):
    """The seed's edge case: degraded, Gemini marked as unavailable, and a clear message about the quota."""
    server, client = await serve(GEMINI_MODEL="gemini-3.5-flash")
    gemini.script(replies.quota_exceeded(per="Minute", retry_after_s=2), times=1)
    assert 1 <= await refused(client, QUESTION) <= 2

    report = server.health()
    assert (report["status"], report["services"]["gemini"]["reason"]) == ("degraded", "quota_exceeded")
    assert "GEMINI_MODEL" in report["services"]["gemini"]["action"]

    await asyncio.to_thread(
        server.wait_for, "the quota is back", lambda: server.health()["status"] == "healthy"
    )
    assert (await ask(client, QUESTION)).last["finish_reason"] == "stop"


async def test_a_model_that_is_known_to_be_out_of_quota_is_not_asked(serve: Serve, gemini: GeminiStandIn):
    server, client = await serve()
    gemini.script(replies.quota_exceeded(per="Day"), model="gemini-3.5-flash")

    assert (await ask(client, QUESTION)).last["model"] == "gemini-3.1-flash-lite"
    assert (await ask(client, "How is the server started?")).last["model"] == "gemini-3.1-flash-lite"
    assert [request.model for request in gemini.asked("generate")] == [
        "gemini-3.5-flash",
        "gemini-3.1-flash-lite",
        "gemini-3.1-flash-lite",
    ]
    assert gemini_service(server)["status"] == "connected"
    assert list(gemini_service(server)["out_of_quota"]) == ["gemini-3.5-flash"]


async def test_with_every_model_s_day_spent_nothing_is_asked_before_midnight_pacific(
    serve: Serve, gemini: GeminiStandIn
):
    _, client = await serve()
    gemini.script(replies.quota_exceeded(per="Day"))
    for attempt in range(3):
        left = seconds_to_pacific_midnight(datetime.now(UTC))
        wait = await refused(client, f"Which secrets does the Space need, part {attempt}?")
        assert min(abs(wait - left), 86_400 - abs(wait - left)) < 60
    await refused(client, "Why?", mode="selection", context="Marked text.")
    assert len(gemini.asked("generate")) == 2


async def test_the_wait_is_that_of_the_first_model_to_come_back(serve: Serve, gemini: GeminiStandIn):
    _, client = await serve()
    gemini.script(replies.quota_exceeded(per="Day"), model="gemini-3.5-flash")
    gemini.script(replies.quota_exceeded(per="Minute", retry_after_s=38), model="gemini-3.1-flash-lite")
    assert 36 <= await refused(client, QUESTION) <= 38
    assert 1 <= await refused(client, QUESTION) <= 38
    assert len(gemini.asked("generate")) == 2


async def test_with_the_fallback_on_answers_are_quoted_and_marked_so(serve: Serve, gemini: GeminiStandIn):
    server, client = await serve(EXTRACTIVE_FALLBACK="1")
    gemini.script(replies.quota_exceeded(per="Day"))
    for _ in range(2):
        heard = await ask(client, QUESTION)
        assert (heard.last["finish_reason"], heard.last["cached"]) == ("extractive", False)
        assert heard.text
    assert gemini_service(server)["reason"] == "quota_exceeded"
    assert len(gemini.asked("generate")) == 2


async def test_answers_that_are_kept_are_given_although_the_quota_is_spent(
    serve: Serve, gemini: GeminiStandIn
):
    server, client = await serve()
    first = await ask(client, QUESTION)
    gemini.script(replies.quota_exceeded(per="Day"))
    await refused(client, "How is the server started?")

    again = await ask(client, QUESTION)
    assert (again.text, again.last["cached"]) == (first.text, True)

    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)
    async with aiohttp.ClientSession(server.url) as after_restart:
        path = f"/api/chat/{again.metadata['message_id']}/stream"
        async with after_restart.get(path) as response:
            replayed = await hear(response)
        assert (replayed.metadata["replay"], replayed.last["cached"]) == (True, True)
        heard = await ask(after_restart, QUESTION)
        assert (heard.text, heard.last["cached"]) == (first.text, True)


@pytest.fixture(scope="module")
def server(
    gemini_stand_in: GeminiStandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("cached"), environment(gemini_stand_in)) as running:
        yield running


@pytest.fixture
async def client(server: RunningServer, gemini: GeminiStandIn) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url) as session:
        yield session


async def messages(client: aiohttp.ClientSession, heard: Heard) -> list[dict[str, Any]]:
    async with client.get(f"/api/conversation/{heard.metadata['conversation_id']}") as response:
        told: list[dict[str, Any]] = (await response.json())["messages"]
        return told


async def test_the_same_question_gets_the_same_answer_without_the_model(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    gemini.script(Answer("It needs several [1]. Invented [9]."))
    first = await ask(client, "Which secrets does a Space need?")
    again = await ask(client, "  Which secrets does  a Space need? ")

    assert len(gemini.asked("generate")) == 1
    assert (first.last["cached"], again.last["cached"]) == (False, True)
    assert [event["type"] for event in again.events] == ["metadata", "sources", "token", "done"]
    assert again.text == first.text == "It needs several [1]. Invented."
    assert again.last | {"cached": False, "timings": 0} == first.last | {"timings": 0}
    assert again.metadata["message_id"] != first.metadata["message_id"]
    assert again.metadata["conversation_id"] != first.metadata["conversation_id"]
    question, answer = await messages(client, again)
    assert question["content"] == "Which secrets does  a Space need?"
    assert (answer["id"], answer["content"]) == (again.metadata["message_id"], again.text)
    assert (answer["status"], answer["sources"]) == ("complete", again.last["sources"])


async def test_a_cached_answer_is_resumed_stopped_and_rated_like_any_other(client: aiohttp.ClientSession):
    await ask(client, "How is a Space deployed?")
    heard = await ask(client, "How is a Space deployed?")
    assert heard.last["cached"]
    path = f"/api/chat/{heard.metadata['message_id']}"
    async with client.get(f"{path}/stream", headers={"Last-Event-ID": heard.ids[1]}) as response:
        assert (await hear(response)).events == heard.events[2:]
    async with client.post(f"{path}/stop") as stopped:
        assert stopped.status == 204
    body = {"message_id": heard.metadata["message_id"], "rating": "up"}
    async with client.post("/api/feedback", json=body) as rated:
        assert rated.status == 204


async def test_follow_ups_and_selected_texts_are_never_cached(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    first = await ask(client, "What does the health endpoint tell?")
    conversation = first.metadata["conversation_id"]
    follow_ups = [
        await ask(client, "What does the health endpoint tell?", conversation_id=conversation)
        for _ in range(2)
    ]
    selected = [
        await ask(client, "What does the health endpoint tell?", mode="selection", context="Marked text.")
        for _ in range(2)
    ]
    assert [heard.last["cached"] for heard in follow_ups + selected] == [False] * 4
    assert len(gemini.asked("generate")) == 5


async def test_an_unknown_conversation_begins_a_new_one_and_so_may_be_answered_from_the_cache(
    client: aiohttp.ClientSession,
):
    await ask(client, "How are secrets set?")
    unknown = "00000000-0000-4000-8000-000000000000"
    assert (await ask(client, "How are secrets set?", conversation_id=unknown)).last["cached"]


@pytest.mark.parametrize(
    "reply", [Answer(LONG, finish="MAX_TOKENS"), Answer(LONG, finish="SAFETY"), Answer(LONG, cut_after=2)]
)
async def test_an_answer_that_did_not_end_well_is_not_given_again(
    client: aiohttp.ClientSession, gemini: GeminiStandIn, reply: Answer
):
    gemini.script(reply)
    for _ in range(2):
        heard = await ask(client, "Which settings does a Space need?")
        assert not heard.last.get("cached")
    assert len(gemini.asked("generate")) == 2


async def test_a_cached_answer_goes_with_the_conversation_that_it_was_written_for(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    first = await ask(client, "Where are conversations stored?")
    async with client.delete(f"/api/conversation/{first.metadata['conversation_id']}") as deleted:
        assert deleted.status == 204
    assert not (await ask(client, "Where are conversations stored?")).last["cached"]
    assert len(gemini.asked("generate")) == 2


async def test_the_same_question_at_the_same_time_is_asked_once(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    gemini.script(Answer(LONG, first_chunk_s=0.3, pace_s=0.02))
    heard = await asyncio.gather(*(ask(client, "What happens when a secret is missing?") for _ in range(20)))

    assert len(gemini.asked("generate")) == 1
    assert {each.text.strip() for each in heard} == {LONG.strip()}
    assert len({each.metadata["message_id"] for each in heard}) == 20
    for each in heard:
        _, answer = await messages(client, each)
        assert (answer["id"], answer["status"]) == (each.metadata["message_id"], "complete")
        assert answer["content"] == each.text


async def begin(stack: AsyncExitStack, client: aiohttp.ClientSession, question: str) -> tuple[Heard, Any]:
    """Ask, and listen until the first token; what was heard, and the rest of the stream."""
    response = await stack.enter_async_context(client.post("/api/chat", json={"message": question}))
    stream = events(response)
    heard = Heard()
    async for _, event in stream:
        heard.events.append(event)
        if event["type"] == "token":
            break
    return heard, stream


async def stop(client: aiohttp.ClientSession, heard: Heard) -> None:
    async with client.post(f"/api/chat/{heard.metadata['message_id']}/stop") as stopped:
        assert stopped.status == 204


async def test_who_stops_a_shared_answer_stops_their_own_and_the_last_stops_the_model(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    gemini.script(Answer(LONG, pace_s=0.15))
    async with AsyncExitStack() as stack:
        askers = [await begin(stack, client, "Which origins are allowed?") for _ in range(3)]
        for heard, stream in askers[:2]:
            await stop(client, heard)
            heard.events += [event async for _, event in stream]
            assert (heard.last["finish_reason"], heard.last["cached"]) == ("stopped", False)
            assert (await messages(client, heard))[1]["status"] == "stopped"
        (request,) = gemini.asked("generate")
        assert request.outcome == "running"

        heard, stream = askers[2]
        assert heard.events[-1]["content"].startswith(askers[0][0].text.strip()), (
            "who comes late hears it all"
        )
        await stop(client, heard)
        heard.events += [event async for _, event in stream]
        assert heard.last["finish_reason"] == "stopped"
        assert await request.settled() == "disconnected"

    gemini.reset()
    assert not (await ask(client, "Which origins are allowed?")).last["cached"]


async def test_the_failure_of_a_shared_answer_reaches_all(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    gemini.script(Answer(LONG, pace_s=0.1, cut_after=6))
    async with AsyncExitStack() as stack:
        askers = [await begin(stack, client, "What does the drain do?") for _ in range(3)]
        for heard, stream in askers:
            heard.events += [event async for _, event in stream]
            assert (heard.last["type"], heard.last["code"]) == ("error", "generation_unavailable")
    assert len(gemini.asked("generate")) == 1
    assert len({heard.text for heard, _ in askers}) == 1


async def test_a_deleted_conversation_leaves_the_others_their_answer(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    gemini.script(Answer(LONG, pace_s=0.1))
    async with AsyncExitStack() as stack:
        first, _ = await begin(stack, client, "How are limits set?")
        second, stream = await begin(stack, client, "How are limits set?")
        path = f"/api/conversation/{first.metadata['conversation_id']}"
        async with client.delete(path) as deleted:
            assert deleted.status == 204
        second.events += [event async for _, event in stream]
    assert second.text.strip() == LONG.strip()
    assert len(gemini.asked("generate")) == 1
    assert (await ask(client, "How are limits set?")).last["cached"], "kept for the other's conversation"
