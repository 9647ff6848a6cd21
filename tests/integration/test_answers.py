"""How answers end when the model does not do what it should, over the real server and Gemini's protocol."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from tests.support.chat import Heard, ask, events, hear
from tests.support.gemini import Answer, GeminiStandIn, replies
from tests.support.server import RunningServer
from tests.support.skips import requires

pytestmark = requires("node")

QUESTION = "Which secrets does the Space need?"
LONG = "The Space needs several secrets, and each of them is set in its settings [1]. " * 4


@pytest.fixture(scope="module")
def server(
    gemini_stand_in: GeminiStandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Gemini writes; everything else is built in. Times are short, so that their ends are met in tests."""
    environment = {
        **gemini_stand_in.settings,
        "GEMINI_MODEL": "gemini-3.5-flash",
        "EMBEDDING_PROVIDER": "local",
        "HEAD_HOLD_SECONDS": "0.5",
        "KEEP_ALIVE_SECONDS": "0.2",
        "FIRST_DELTA_SECONDS": "3",
        "DRAIN_SECONDS": "1",
        "RATE_LIMIT": "10000/minute",
    }
    with RunningServer(tmp_path_factory.mktemp("answers"), environment) as running:
        yield running


@pytest.fixture
async def client(server: RunningServer, gemini: GeminiStandIn) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url) as session:
        yield session


async def stored(client: aiohttp.ClientSession, heard: Heard) -> dict[str, object]:
    """The answer as the conversation has it."""
    async with client.get(f"/api/conversation/{heard.metadata['conversation_id']}") as response:
        return (await response.json())["messages"][1]


async def stored_when_ended(client: aiohttp.ClientSession, heard: Heard) -> dict[str, object]:
    async with asyncio.timeout(10):
        while (message := await stored(client, heard))["status"] == "running":
            await asyncio.sleep(0.02)
    return message


async def until_token(stream: AsyncIterator[tuple[str, dict[str, object]]]) -> Heard:
    """Listen until the first token."""
    heard = Heard()
    async for event_id, event in stream:
        heard.ids.append(event_id)
        heard.events.append(event)
        if event["type"] == "token":
            break
    return heard


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        (replies.overloaded(), 503, "generation_unavailable"),
        (replies.internal_error(), 503, "generation_unavailable"),
        (replies.invalid_key(), 503, "generation_unavailable"),
        (replies.empty_answer(), 503, "generation_unavailable"),
        (replies.no_candidates(), 503, "generation_unavailable"),
        (replies.malformed_chunk(after=0), 503, "generation_unavailable"),
    ],
)
async def test_a_failure_before_the_first_delta_is_told_by_the_status(
    client: aiohttp.ClientSession, gemini: GeminiStandIn, reply: object, status: int, code: str
):
    gemini.script(reply, times=9)
    async with client.post("/api/chat", json={"message": QUESTION}) as response:
        body = await response.json()
        assert (response.status, body["error"]["code"]) == (status, code)
        assert int(response.headers["Retry-After"]) == body["error"]["retry_after"] >= 1


async def test_after_the_head_is_out_a_failure_is_an_error_event(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    gemini.script(replies.overloaded(), delay_s=1.2)
    heard = await ask(client, QUESTION)
    assert [event["type"] for event in heard.events] == ["metadata", "sources", "error"]
    assert heard.last["code"] == "generation_unavailable"
    assert (await stored_when_ended(client, heard))["status"] == "failed"


async def test_a_model_that_never_begins_is_a_timeout(client: aiohttp.ClientSession, gemini: GeminiStandIn):
    gemini.script(Answer(LONG, first_chunk_s=20))
    heard = await ask(client, QUESTION)
    assert heard.last["code"] == "generation_timeout"


async def test_a_silent_stream_gets_keep_alive_comments(client: aiohttp.ClientSession, gemini: GeminiStandIn):
    gemini.script(Answer(LONG, first_chunk_s=1.5))
    async with client.post("/api/chat", json={"message": QUESTION}) as response:
        body = (await response.read()).decode()
    assert body.count(": keep-alive\n\n") >= 2
    assert '"type":"done"' in body


async def test_an_answer_that_is_cut_off_is_kept_with_its_text(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    gemini.script(Answer(LONG, cut_after=3))
    heard = await ask(client, QUESTION)
    assert heard.last["type"] == "error"
    assert heard.last["code"] == "generation_unavailable"
    message = await stored_when_ended(client, heard)
    assert (message["status"], message["content"]) == ("incomplete", heard.text)
    assert heard.text


@pytest.mark.parametrize(
    ("reply", "reason"),
    [(replies.blocked_prompt(), "safety"), (Answer(LONG, finish="SAFETY"), "safety"),
     (Answer(LONG, finish="MAX_TOKENS"), "length"), (Answer(LONG), "stop")],
)  # fmt: skip
async def test_how_the_model_ended_is_told(
    client: aiohttp.ClientSession, gemini: GeminiStandIn, reply: object, reason: str
):
    gemini.script(reply)
    heard = await ask(client, QUESTION)
    assert heard.last["finish_reason"] == reason
    assert heard.text
    assert (await stored_when_ended(client, heard))["status"] == "complete"


async def test_a_citation_that_the_model_invented_never_arrives(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    gemini.script(Answer("True [1]. Invented [9]. Both [1, 42].", chunk_size=2))
    heard = await ask(client, QUESTION)
    assert heard.text == "True [1]. Invented. Both [1]."
    assert heard.last["cited"] == [1]


async def test_a_stopped_answer_ends_with_done_and_is_kept_as_stopped(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    gemini.script(Answer(LONG, stall_after=3))
    async with client.post("/api/chat", json={"message": QUESTION}) as response:
        stream = events(response)
        heard = await until_token(stream)
        async with client.post(f"/api/chat/{heard.metadata['message_id']}/stop") as stopped:
            assert stopped.status == 204
        heard.events += [event async for _, event in stream]
    assert (heard.last["type"], heard.last["finish_reason"]) == ("done", "stopped")
    message = await stored(client, heard)
    assert (message["status"], message["content"]) == ("stopped", heard.text)
    assert len(heard.text) < len(LONG)
    assert await gemini.asked("generate")[-1].settled() == "disconnected"


async def test_an_answer_outlives_its_reader_and_is_resumed_without_loss(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    gemini.script(Answer(LONG, pace_s=0.05))
    async with client.post("/api/chat", json={"message": QUESTION}) as response:
        first = await until_token(events(response))
    resumed_at = f"/api/chat/{first.metadata['message_id']}/stream"
    async with client.get(resumed_at, headers={"Last-Event-ID": first.ids[-1]}) as response:
        rest = await hear(response)
    assert (first.text + rest.text).strip() == LONG.strip()
    assert [*first.ids, *rest.ids] == [
        f"{first.metadata['message_id']}:{n}" for n in range(1, len(first.ids + rest.ids) + 1)
    ]
    assert rest.last["type"] == "done"


async def test_a_running_answer_shows_in_its_conversation(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    gemini.script(Answer(LONG, pace_s=0.1))
    async with client.post("/api/chat", json={"message": QUESTION}) as response:
        heard = await until_token(events(response))
    async with asyncio.timeout(5):
        while not (message := await stored(client, heard))["content"]:
            await asyncio.sleep(0.02)
    assert message["status"] == "running"
    assert (await stored_when_ended(client, heard))["status"] == "complete"


async def test_a_follow_up_gives_the_model_the_last_three_exchanges(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    questions = [f"Which secrets does the Space need, part {n}?" for n in range(5)]
    conversation_id = None
    for question in questions:
        heard = await ask(client, question, conversation_id=conversation_id)
        conversation_id = heard.metadata["conversation_id"]
    contents = gemini.asked("generate")[-1].body["contents"]
    asked = [content["parts"][0]["text"] for content in contents if content["role"] == "user"]
    assert asked[:-1] == questions[1:4]
    assert asked[-1].endswith(f"Question: {questions[4]}")


async def test_selection_mode_gives_the_model_the_selected_text_and_no_history(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    first = await ask(client, QUESTION)
    await ask(
        client,
        "Why?",
        mode="selection",
        context="Marked text.",
        conversation_id=first.metadata["conversation_id"],
    )
    contents = gemini.asked("generate")[-1].body["contents"]
    assert len(contents) == 1
    assert "Marked text." in contents[0]["parts"][0]["text"]


async def test_an_answer_that_is_stopped_before_its_first_word_ends_all_the_same(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    gemini.script(Answer(LONG, first_chunk_s=20))
    async with client.post("/api/chat", json={"message": QUESTION}) as response:
        stream = events(response)
        _, metadata = await anext(stream)
        async with client.post(f"/api/chat/{metadata['message_id']}/stop") as stopped:
            assert stopped.status == 204
        told = [metadata, *[event async for _, event in stream]]
    assert [event["type"] for event in told] == ["metadata", "sources", "done"]
    assert told[-1]["finish_reason"] == "stopped"
    message = await stored(client, Heard(told))
    assert (message["status"], message["content"]) == ("stopped", "")


async def test_a_running_answer_can_be_rated(client: aiohttp.ClientSession, gemini: GeminiStandIn):
    gemini.script(Answer(LONG, pace_s=0.05))
    async with client.post("/api/chat", json={"message": QUESTION}) as response:
        heard = await until_token(events(response))
    body = {"message_id": heard.metadata["message_id"], "rating": "down", "comment": "Too slow."}
    async with client.post("/api/feedback", json=body) as rated:
        assert rated.status == 204
    message = await stored_when_ended(client, heard)
    assert (message["status"], message["rating"]) == ("complete", "down")


async def test_with_its_conversation_a_running_answer_is_gone_and_does_not_come_back(
    client: aiohttp.ClientSession, gemini: GeminiStandIn
):
    gemini.script(Answer(LONG, stall_after=3))
    async with client.post("/api/chat", json={"message": QUESTION}) as response:
        stream = events(response)
        heard = await until_token(stream)
        conversation = f"/api/conversation/{heard.metadata['conversation_id']}"
        async with client.delete(conversation) as deleted:
            assert deleted.status == 204
        told = [event async for _, event in stream]
    assert told[-1]["finish_reason"] == "stopped"
    assert await gemini.asked("generate")[-1].settled() == "disconnected"
    for path in (conversation, f"/api/chat/{heard.metadata['message_id']}/stream"):
        async with client.get(path) as response:
            assert response.status == 404
    follow_up = await ask(client, QUESTION, conversation_id=heard.metadata["conversation_id"])
    assert follow_up.metadata["conversation_id"] != heard.metadata["conversation_id"]
