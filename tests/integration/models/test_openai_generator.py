from collections.abc import AsyncIterator
from typing import Any

import pytest

from ragspace.errors import GenerationTimeout, GenerationUnavailable, QuotaExceeded
from ragspace.models.openai import OpenAIGenerator
from ragspace.models.protocols import Finish, GenerationRequest
from tests.support.answers import listen
from tests.support.scripted_upstream import CUT, ScriptedUpstream, sse


def chunk(content: str | None, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": content, **delta}, "finish_reason": finish}]}


USAGE = {"choices": [], "usage": {"total_tokens": 7}}


@pytest.fixture
async def generator(upstream: ScriptedUpstream) -> AsyncIterator[OpenAIGenerator]:
    generator = OpenAIGenerator(
        f"{upstream.url}/v1", "llama", "key-of-the-test", first_delta_timeout=0.5, stall_timeout=0.3
    )
    await generator.open()
    yield generator
    await generator.close()


@pytest.mark.parametrize(
    "end",
    [(chunk(None, "stop"), USAGE, "[DONE]"), (chunk("", "stop"),), (chunk(None, "eos_token"),), ("[DONE]",)],
    ids=["OpenAI", "no [DONE]", "text-generation-inference", "only [DONE]"],
)
async def test_servers_may_end_the_stream_as_they_do(
    upstream: ScriptedUpstream, generator: OpenAIGenerator, request_: GenerationRequest, end: tuple[Any, ...]
) -> None:
    upstream.reply(sse(chunk(None, role="assistant"), chunk("Ten ")), 0.05, sse(chunk("hertz."), *end))
    heard = await listen(generator, request_)
    assert heard.deltas == ["Ten ", "hertz."]
    assert heard.finish == Finish("stop", "llama")


async def test_comments_and_what_the_model_thinks_are_passed_over(
    upstream: ScriptedUpstream, generator: OpenAIGenerator, request_: GenerationRequest
) -> None:
    upstream.reply(
        b": OPENROUTER PROCESSING\n\n",
        sse(chunk(None, reasoning_content="Hmm."), chunk("Yes."), chunk(None, "stop")),
    )
    assert (await listen(generator, request_)).deltas == ["Yes."]


async def test_events_that_arrive_together_leave_as_one_delta(
    upstream: ScriptedUpstream, generator: OpenAIGenerator, request_: GenerationRequest
) -> None:
    upstream.reply(sse(chunk("a"), chunk("b"), chunk("c", "length")))
    heard = await listen(generator, request_)
    assert (heard.deltas, heard.finish) == (["abc"], Finish("length", "llama"))


async def test_a_filtered_answer_finishes_with_safety(
    upstream: ScriptedUpstream, generator: OpenAIGenerator, request_: GenerationRequest
) -> None:
    upstream.reply(sse(chunk(None, "content_filter")))
    heard = await listen(generator, request_)
    assert (heard.deltas, heard.finish) == ([], Finish("safety", "llama"))


@pytest.mark.parametrize(
    ("steps", "deltas"),
    [
        ((sse(chunk("Half")),), ["Half"]),
        ((sse(chunk("Half")), 0.05, CUT), ["Half"]),
        ((sse(chunk("Half"), "{"),), ["Half"]),
        ((sse(chunk("Half"), chunk(None, "tool_calls")),), ["Half"]),
        ((sse(chunk("Half"), {"error": {"message": "out of memory"}}),), ["Half"]),
        ((sse(chunk("Half")), 60), ["Half"]),
        ((sse(chunk(None, "stop"), "[DONE]"),), []),
        ((sse("[DONE]"),), []),
        ((b"<html>hello</html>",), []),
    ],
    ids=[
        "no end",
        "cut",
        "broken",
        "tool call",
        "error event",
        "stall",
        "empty",
        "only [DONE]",
        "a web page",
    ],
)
async def test_an_answer_that_is_none_or_is_cut_off_is_generation_unavailable(
    upstream: ScriptedUpstream,
    generator: OpenAIGenerator,
    request_: GenerationRequest,
    steps: tuple[Any, ...],
    deltas: list[str],
) -> None:
    upstream.reply(*steps)
    heard = await listen(generator, request_)
    assert heard.deltas == deltas
    assert type(heard.error) is GenerationUnavailable


async def test_no_first_delta_in_time_is_a_generation_timeout(
    upstream: ScriptedUpstream, generator: OpenAIGenerator, request_: GenerationRequest
) -> None:
    upstream.reply(60)
    assert type((await listen(generator, request_)).error) is GenerationTimeout


@pytest.mark.parametrize(
    ("status", "headers", "wait"), [(429, {"Retry_After": "7"}, 7), (429, {}, 60), (402, {}, 60)]
)
async def test_a_spent_limit_is_quota_exceeded(
    upstream: ScriptedUpstream,
    generator: OpenAIGenerator,
    request_: GenerationRequest,
    status: int,
    headers: dict[str, str],
    wait: int,
) -> None:
    upstream.reply_json({"error": {"message": "slow down"}}, status, **headers)
    error = (await listen(generator, request_)).error
    assert isinstance(error, QuotaExceeded)
    assert error.retry_after == wait
    assert "LLM_BASE_URL" in error.action


async def test_a_limit_told_inside_the_stream_is_quota_exceeded(
    upstream: ScriptedUpstream, generator: OpenAIGenerator, request_: GenerationRequest
) -> None:
    upstream.reply(sse({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}))
    assert isinstance((await listen(generator, request_)).error, QuotaExceeded)


@pytest.mark.parametrize(
    ("status", "reason", "action"),
    [(401, "unauthorized", "LLM_API_KEY"), (404, "error", "LLM_MODEL"), (503, "error", "LLM_BASE_URL")],
)
async def test_a_refusal_tells_its_reason_and_what_to_do(
    upstream: ScriptedUpstream,
    generator: OpenAIGenerator,
    request_: GenerationRequest,
    status: int,
    reason: str,
    action: str,
) -> None:
    upstream.reply_json({"error": {"message": "no"}}, status)
    error = (await listen(generator, request_)).error
    assert isinstance(error, GenerationUnavailable)
    assert error.reason == reason
    assert action in error.action


@pytest.mark.parametrize("status", [200, 404, 405])
async def test_the_check_lists_the_models_where_the_server_can(
    upstream: ScriptedUpstream, generator: OpenAIGenerator, status: int
) -> None:
    upstream.reply_json({"data": []}, status)
    await generator.check()
    assert [(asked.method, asked.path) for asked in upstream.asked] == [("GET", "/v1/models")]


async def test_the_check_tells_of_a_refused_key(
    upstream: ScriptedUpstream, generator: OpenAIGenerator
) -> None:
    upstream.reply_json({}, 401)
    with pytest.raises(GenerationUnavailable) as caught:
        await generator.check()
    assert caught.value.reason == "unauthorized"


async def test_without_a_key_no_authorization_is_sent(
    upstream: ScriptedUpstream, request_: GenerationRequest
) -> None:
    upstream.reply(sse(chunk("Yes.", "stop")))
    generator = OpenAIGenerator(upstream.url, "llama")
    await listen(generator, request_)
    await generator.close()
    (asked,) = upstream.asked
    assert "authorization" not in asked.headers
    assert asked.path == "/v1/chat/completions"
