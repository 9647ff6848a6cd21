import asyncio
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import pytest

from ragspace.errors import GenerationTimeout, GenerationUnavailable, QuotaExceeded
from ragspace.models.gemini_api import seconds_to_pacific_midnight
from ragspace.models.gemini_generator import GeminiGenerator
from ragspace.models.protocols import Finish, GenerationRequest
from ragspace.models.quota import LocalQuotaLedger
from tests.support.answers import listen
from tests.support.gemini import GeminiStandIn, replies
from tests.support.scripted_upstream import CUT, ScriptedUpstream, sse

KEY = "secret-key-of-the-test"


def text(*parts: str, finish: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": part} for part in parts]}}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate]}


@pytest.fixture
async def generator(upstream: ScriptedUpstream) -> AsyncIterator[GeminiGenerator]:
    generator = GeminiGenerator(
        KEY, ["gemini-3.5-flash"], upstream.url, first_delta_timeout=0.5, stall_timeout=0.3
    )
    await generator.open()
    yield generator
    await generator.close()


@pytest.fixture
async def with_fallback(upstream: ScriptedUpstream) -> AsyncIterator[GeminiGenerator]:
    generator = GeminiGenerator(KEY, ["first", "second"], upstream.url)
    yield generator
    await generator.close()


async def test_deltas_then_one_finish_with_the_model_that_answered(
    upstream: ScriptedUpstream, generator: GeminiGenerator, request_: GenerationRequest
) -> None:
    upstream.reply(sse(text("Ten ")), 0.05, sse(text("hertz [1].", finish="STOP")))
    heard = await listen(generator, request_)
    assert heard.deltas == ["Ten ", "hertz [1]."]
    assert heard.finish == Finish("stop", "gemini-3.5-flash")


async def test_events_that_arrive_together_leave_as_one_delta(
    upstream: ScriptedUpstream, generator: GeminiGenerator, request_: GenerationRequest
) -> None:
    upstream.reply(sse(text("a"), text("b", "c"), text("d")), 0.05, sse(text("e"), text("f", finish="STOP")))
    heard = await listen(generator, request_)
    assert heard.deltas == ["abcd", "ef"]


async def test_a_character_cut_in_two_by_the_network_arrives_whole(
    upstream: ScriptedUpstream, generator: GeminiGenerator, request_: GenerationRequest
) -> None:
    raw = 'data: {"candidates":[{"content":{"parts":[{"text":"Größe"}]},"finishReason":"STOP"}]}\n\n'.encode()
    middle = raw.index("ö".encode()) + 1
    upstream.reply(raw[:middle], 0.05, raw[middle:])
    assert (await listen(generator, request_)).text == "Größe"


async def test_what_the_model_thinks_is_no_part_of_the_answer(
    upstream: ScriptedUpstream, generator: GeminiGenerator, request_: GenerationRequest
) -> None:
    thought = {"candidates": [{"content": {"parts": [{"text": "Hmm.", "thought": True}, {"text": "Yes."}]}}]}
    upstream.reply(sse(thought, text(finish="STOP")))
    assert (await listen(generator, request_)).text == "Yes."


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("MAX_TOKENS", "length"),
        ("SAFETY", "safety"),
        ("RECITATION", "safety"),
        ("LANGUAGE", "safety"),
        ("BLOCKLIST", "safety"),
        ("PROHIBITED_CONTENT", "safety"),
        ("SPII", "safety"),
    ],
)
async def test_how_the_answer_ended_is_told(
    upstream: ScriptedUpstream,
    generator: GeminiGenerator,
    request_: GenerationRequest,
    theirs: str,
    ours: str,
) -> None:
    upstream.reply(sse(text("Some", finish=theirs)))
    heard = await listen(generator, request_)
    assert (heard.deltas, heard.finish and heard.finish.reason) == (["Some"], ours)


async def test_a_blocked_prompt_finishes_with_safety_and_no_delta(
    upstream: ScriptedUpstream, generator: GeminiGenerator, request_: GenerationRequest
) -> None:
    upstream.reply(sse({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}))
    heard = await listen(generator, request_)
    assert heard.deltas == []
    assert heard.finish == Finish("safety", "gemini-3.5-flash")


@pytest.mark.parametrize(
    "steps",
    [
        (sse(text("Half an")),),
        (sse(text("Half an")), 0.05, CUT),
        (sse(text("Half an"), '{"candidates": [{'),),
        (sse(text("Half an"), "[1, 2]"),),
        (sse(text("Half an", finish="OTHER")),),
        (sse(text("Half an", finish="MALFORMED_FUNCTION_CALL")),),
        (sse(text("Half an"), {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}),),
    ],
    ids=["no finish reason", "cut", "broken JSON", "not an object", "OTHER", "unknown reason", "error event"],
)
async def test_an_answer_cut_off_after_a_delta_is_generation_unavailable(
    upstream: ScriptedUpstream,
    generator: GeminiGenerator,
    request_: GenerationRequest,
    steps: tuple[Any, ...],
) -> None:
    upstream.reply(*steps)
    heard = await listen(generator, request_)
    assert heard.deltas == ["Half an"]
    assert type(heard.error) is GenerationUnavailable
    assert len(upstream.asked) == 1, "nothing is asked again once the reader has read"


async def test_a_connection_that_breaks_before_the_response_begins_is_tried_once_more(
    request_: GenerationRequest,
) -> None:
    """As an idle one may, just when it is used again."""
    answer = sse(text("Yes.", finish="STOP"))
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer)
    connections: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        if len(connections) > 1:
            writer.write(head + answer)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        generator = GeminiGenerator(KEY, ["first"], f"http://127.0.0.1:{port}")
        heard = await listen(generator, request_)
        await generator.close()

    assert heard.text == "Yes."
    assert len(connections) == 2


@pytest.mark.parametrize(
    "steps",
    [(), (sse(text(finish="STOP")),), (sse(text(finish="MAX_TOKENS")),), (b"<html>hello</html>",), (CUT,)],
    ids=["nothing", "an empty STOP", "only thoughts", "a web page", "cut"],
)
async def test_nothing_or_nonsense_before_the_first_delta_is_generation_unavailable(
    upstream: ScriptedUpstream,
    generator: GeminiGenerator,
    request_: GenerationRequest,
    steps: tuple[Any, ...],
) -> None:
    upstream.reply(*steps)
    heard = await listen(generator, request_)
    assert heard.deltas == []
    assert type(heard.error) is GenerationUnavailable


@pytest.mark.parametrize("steps", [(60,), (b": waiting\n\n", 60)], ids=["silence", "only comments"])
async def test_no_first_delta_in_time_is_a_generation_timeout(
    upstream: ScriptedUpstream,
    generator: GeminiGenerator,
    request_: GenerationRequest,
    steps: tuple[Any, ...],
) -> None:
    upstream.reply(*steps)
    heard = await listen(generator, request_)
    assert type(heard.error) is GenerationTimeout
    assert heard.error.reason == "timeout"


async def test_a_stall_after_a_delta_is_generation_unavailable_for_a_timeout(
    upstream: ScriptedUpstream, generator: GeminiGenerator, request_: GenerationRequest
) -> None:
    upstream.reply(sse(text("Half an")), 60)
    heard = await listen(generator, request_)
    assert heard.deltas == ["Half an"]
    assert type(heard.error) is GenerationUnavailable
    assert heard.error.reason == "timeout"


async def test_a_refused_connection_is_unreachable(request_: GenerationRequest) -> None:
    async with ScriptedUpstream() as gone:
        url = gone.url
    generator = GeminiGenerator(KEY, ["gemini-3.5-flash"], url)
    heard = await listen(generator, request_)
    await generator.close()
    assert isinstance(heard.error, GenerationUnavailable)
    assert heard.error.reason == "unreachable"
    assert "GEMINI_BASE_URL" in heard.error.action


async def test_closing_the_iterator_hangs_up_on_gemini(
    upstream: ScriptedUpstream, generator: GeminiGenerator, request_: GenerationRequest
) -> None:
    upstream.reply(sse(text("Half an")), 60)
    async with aclosing(generator.stream(request_)) as pieces:
        await anext(pieces)
    await asyncio.wait_for(upstream.hung_up.wait(), 5)


async def test_the_connection_is_kept_for_the_next_question(
    upstream: ScriptedUpstream, generator: GeminiGenerator, request_: GenerationRequest
) -> None:
    upstream.reply(sse(text("Yes.", finish="STOP")), 0.05, b": the end\n\n")
    for _ in range(3):
        assert (await listen(generator, request_)).finish
    assert len(upstream.connections) == 1


def _error(status: int, *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": status, "message": f"upstream text {KEY}", "details": list(details)}}


def _quota(per: str, retry: str = "38s") -> dict[str, Any]:
    return _error(
        429,
        {
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{"quotaId": f"RequestsPer{per}"}],
        },
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": retry},
    )


@pytest.mark.parametrize("status", [404, 429, 500, 503])
async def test_the_next_model_answers_where_the_first_cannot(
    upstream: ScriptedUpstream, with_fallback: GeminiGenerator, request_: GenerationRequest, status: int
) -> None:
    upstream.reply_json(_error(status), status).reply(sse(text("Yes.", finish="STOP")))
    heard = await listen(with_fallback, request_)
    assert heard.finish == Finish("stop", "second")
    assert [asked.path.split("/")[-1].split(":")[0] for asked in upstream.asked] == ["first", "second"]


async def test_a_model_out_of_quota_is_not_asked_until_its_quota_is_back(
    upstream: ScriptedUpstream, with_fallback: GeminiGenerator, request_: GenerationRequest
) -> None:
    assert with_fallback.models_now == ("first",)
    upstream.reply_json(_quota("Day"), 429).reply(sse(text("Yes.", finish="STOP")))
    await listen(with_fallback, request_)
    assert with_fallback.models_now == ("first", "second")
    assert (await listen(with_fallback, request_)).finish == Finish("stop", "second")
    assert len(upstream.asked) == 3


async def test_once_all_models_are_known_to_be_out_of_quota_nothing_is_asked(
    upstream: ScriptedUpstream, with_fallback: GeminiGenerator, request_: GenerationRequest
) -> None:
    upstream.reply_json(_quota("Day"), 429).reply_json(_quota("Minute"), 429)
    for _ in range(3):
        error = (await listen(with_fallback, request_)).error
        assert isinstance(error, QuotaExceeded)
        assert error.retry_after is not None
        assert 1 <= error.retry_after <= 38
    assert len(upstream.asked) == 2
    assert with_fallback.models_now == ("first", "second")


async def test_a_model_is_asked_again_when_its_minute_is_over(
    upstream: ScriptedUpstream, request_: GenerationRequest
) -> None:
    now = [time.time()]
    ledger = LocalQuotaLedger(lambda: now[0])
    generator = GeminiGenerator(KEY, ["only"], upstream.url, ledger=ledger)
    upstream.reply_json(_quota("Minute"), 429).reply(sse(text("Yes.", finish="STOP")))
    for _ in range(2):
        assert isinstance((await listen(generator, request_)).error, QuotaExceeded)
    now[0] += 39
    assert (await listen(generator, request_)).text == "Yes."
    await generator.close()


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_another_model_is_not_asked_where_it_would_refuse_as_well(
    upstream: ScriptedUpstream, with_fallback: GeminiGenerator, request_: GenerationRequest, status: int
) -> None:
    upstream.reply_json(_error(status), status)
    assert isinstance((await listen(with_fallback, request_)).error, GenerationUnavailable)
    assert len(upstream.asked) == 1


async def test_the_whole_list_out_of_quota_tells_the_shortest_wait(
    upstream: ScriptedUpstream, with_fallback: GeminiGenerator, request_: GenerationRequest
) -> None:
    upstream.reply_json(_quota("Day"), 429).reply_json(_quota("Minute"), 429)
    error = (await listen(with_fallback, request_)).error
    assert isinstance(error, QuotaExceeded)
    assert error.retry_after == 38


async def test_a_daily_quota_waits_until_midnight_pacific_whatever_retry_delay_says(
    upstream: ScriptedUpstream, generator: GeminiGenerator, request_: GenerationRequest
) -> None:
    upstream.reply_json(_quota("Day"), 429)
    error = (await listen(generator, request_)).error
    assert isinstance(error, QuotaExceeded)
    expected = seconds_to_pacific_midnight(datetime.now(UTC))
    assert error.retry_after is not None
    assert min(abs(error.retry_after - expected), 86_400 - abs(error.retry_after - expected)) < 60


async def test_one_overloaded_model_in_the_list_is_no_spent_quota(
    upstream: ScriptedUpstream, with_fallback: GeminiGenerator, request_: GenerationRequest
) -> None:
    upstream.reply_json(_quota("Day"), 429).reply_json(_error(503), 503)
    assert type((await listen(with_fallback, request_)).error) is GenerationUnavailable


@pytest.mark.parametrize(
    ("status", "details"), [(401, ()), (403, ()), (400, ({"reason": "API_KEY_INVALID"},))]
)
async def test_a_refused_key_is_unauthorized_and_names_its_variable(
    upstream: ScriptedUpstream,
    generator: GeminiGenerator,
    request_: GenerationRequest,
    status: int,
    details: tuple[dict[str, Any], ...],
) -> None:
    upstream.reply_json(_error(status, *details), status)
    for error in ((await listen(generator, request_)).error, await _failed_check(generator)):
        assert isinstance(error, GenerationUnavailable)
        assert error.reason == "unauthorized"
        assert "GEMINI_API_KEY" in error.action
        assert KEY not in error.action + "".join(traceback.format_exception(error))


async def _failed_check(generator: GeminiGenerator) -> GenerationUnavailable:
    with pytest.raises(GenerationUnavailable) as caught:
        await generator.check()
    return caught.value


async def test_the_check_asks_for_every_model_is_content_with_one_and_generates_nothing(
    upstream: ScriptedUpstream, with_fallback: GeminiGenerator
) -> None:
    upstream.reply_json(_error(404), 404).reply_json({"name": "models/any"})
    await with_fallback.check()
    assert {(asked.method, asked.path) for asked in upstream.asked} == {
        ("GET", "/v1beta/models/first"),
        ("GET", "/v1beta/models/second"),
    }


async def test_the_check_of_an_unknown_model_names_its_variable(
    upstream: ScriptedUpstream, generator: GeminiGenerator
) -> None:
    upstream.reply_json(_error(404), 404)
    error = await _failed_check(generator)
    assert error.reason == "error"
    assert "GEMINI_MODEL" in error.action


async def test_the_key_is_in_a_header_and_never_in_the_address(
    upstream: ScriptedUpstream, generator: GeminiGenerator, request_: GenerationRequest
) -> None:
    upstream.reply(sse(text("Yes.", finish="STOP")))
    await listen(generator, request_)
    (asked,) = upstream.asked
    assert asked.headers["x-goog-api-key"] == KEY
    assert KEY not in asked.path + asked.query


async def test_the_stand_in_of_gemini_is_understood(
    gemini: GeminiStandIn, request_: GenerationRequest
) -> None:
    generator = GeminiGenerator(gemini.api_key, ["gemini-3.5-flash", "gemini-3.1-flash-lite"], gemini.url)
    await generator.check()
    gemini.script(replies.quota_exceeded(per="Day"), model="gemini-3.5-flash")
    heard = await listen(generator, request_)
    await generator.close()
    assert heard.text == replies.DEFAULT_TEXT
    assert heard.finish == Finish("stop", "gemini-3.1-flash-lite")
