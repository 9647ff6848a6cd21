import math
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ragspace.errors import QuotaExceeded, RetrievalUnavailable
from ragspace.models.gemini_embedder import PASSAGE_ATTEMPTS, GeminiEmbedder
from tests.support.gemini import GeminiStandIn, replies
from tests.support.scripted_upstream import ScriptedUpstream


def vectors(*values: list[float]) -> dict[str, Any]:
    return {"embeddings": [{"values": value} for value in values]}


def refused(status: int, *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": status, "details": list(details)}}


PER_MINUTE = refused(
    429,
    {"violations": [{"quotaId": "EmbedContentRequestsPerMinutePerProject-FreeTier"}]},
    {"retryDelay": "0.02s"},
)
PER_DAY = refused(
    429, {"violations": [{"quotaId": "EmbedContentRequestsPerDayPerProject"}]}, {"retryDelay": "0.02s"}
)


@pytest.fixture
async def embedder(upstream: ScriptedUpstream) -> AsyncIterator[GeminiEmbedder]:
    embedder = GeminiEmbedder("key", base_url=upstream.url, timeout=0.5, backoff=0.01)
    await embedder.open()
    yield embedder
    await embedder.close()


async def test_vectors_come_in_order_and_of_unit_length(
    upstream: ScriptedUpstream, embedder: GeminiEmbedder
) -> None:
    upstream.reply_json(vectors([3.0, 4.0], [0.0, 2.0]))
    assert await embedder.embed(["a", "b"], purpose="passage", dimensions=2) == [[0.6, 0.8], [0.0, 1.0]]


async def test_no_request_has_more_than_a_hundred_texts(
    upstream: ScriptedUpstream, embedder: GeminiEmbedder
) -> None:
    for size in (100, 100, 30):
        upstream.reply_json(vectors(*[[1.0, float(n)] for n in range(size)]))
    found = await embedder.embed([f"text {n}" for n in range(230)], purpose="passage", dimensions=2)
    assert [len(asked.body["requests"]) for asked in upstream.asked] == [100, 100, 30]
    assert [round(vector[1] / vector[0]) for vector in found] == [*range(100), *range(100), *range(30)]


async def test_no_text_needs_no_request(upstream: ScriptedUpstream, embedder: GeminiEmbedder) -> None:
    assert await embedder.embed([], purpose="passage", dimensions=2) == []
    assert upstream.asked == []


@pytest.mark.parametrize(
    ("purpose", "task"), [("question", "RETRIEVAL_QUERY"), ("passage", "RETRIEVAL_DOCUMENT")]
)
async def test_the_first_model_is_told_what_the_text_is_for(
    upstream: ScriptedUpstream, embedder: GeminiEmbedder, purpose: Any, task: str
) -> None:
    upstream.reply_json(vectors([1.0, 0.0]))
    await embedder.embed(["a"], purpose=purpose, dimensions=2)
    assert upstream.asked[0].body["requests"][0]["taskType"] == task


async def test_its_successor_which_ignores_it_is_not(upstream: ScriptedUpstream) -> None:
    upstream.reply_json(vectors([1.0, 0.0]))
    embedder = GeminiEmbedder("key", "gemini-embedding-2", upstream.url)
    await embedder.embed(["a"], purpose="question", dimensions=2)
    await embedder.close()
    assert "taskType" not in upstream.asked[0].body["requests"][0]


@pytest.mark.parametrize("reply", [PER_MINUTE, refused(503), refused(500)], ids=["minute", "503", "500"])
async def test_passages_wait_for_what_passes(
    upstream: ScriptedUpstream, embedder: GeminiEmbedder, reply: dict[str, Any]
) -> None:
    for _ in range(PASSAGE_ATTEMPTS - 1):
        upstream.reply_json(reply, reply["error"]["code"])
    upstream.reply_json(vectors([1.0, 0.0]))
    assert await embedder.embed(["a"], purpose="passage", dimensions=2) == [[1.0, 0.0]]


async def test_passages_do_not_wait_for_ever(upstream: ScriptedUpstream, embedder: GeminiEmbedder) -> None:
    upstream.reply_json(PER_MINUTE, 429)
    with pytest.raises(QuotaExceeded):
        await embedder.embed(["a"], purpose="passage", dimensions=2)
    assert len(upstream.asked) == PASSAGE_ATTEMPTS


async def test_a_daily_quota_is_told_at_once(upstream: ScriptedUpstream, embedder: GeminiEmbedder) -> None:
    upstream.reply_json(PER_DAY, 429)
    with pytest.raises(QuotaExceeded) as caught:
        await embedder.embed(["a"], purpose="passage", dimensions=2)
    assert len(upstream.asked) == 1
    assert caught.value.retry_after is not None
    assert 1 <= caught.value.retry_after <= 25 * 3600
    assert "EMBEDDING_PROVIDER=local" in caught.value.action


async def test_a_question_gets_one_second_try(upstream: ScriptedUpstream, embedder: GeminiEmbedder) -> None:
    upstream.reply_json(refused(503), 503).reply_json(vectors([1.0, 0.0]))
    assert await embedder.embed(["a"], purpose="question", dimensions=2) == [[1.0, 0.0]]
    upstream.asked.clear()
    upstream.reply_json(refused(503), 503)
    await embedder.embed(["a"], purpose="question", dimensions=2)
    with pytest.raises(RetrievalUnavailable):
        await embedder.embed(["a"], purpose="question", dimensions=2)
    assert len(upstream.asked) == 3


@pytest.mark.parametrize("reply", [PER_MINUTE, PER_DAY], ids=["minute", "day"])
async def test_a_question_does_not_wait_for_a_quota(
    upstream: ScriptedUpstream, embedder: GeminiEmbedder, reply: dict[str, Any]
) -> None:
    upstream.reply_json(reply, 429)
    with pytest.raises(QuotaExceeded):
        await embedder.embed(["a"], purpose="question", dimensions=2)
    assert len(upstream.asked) == 1


@pytest.mark.parametrize(
    ("status", "details", "reason", "action"),
    [
        (401, (), "unauthorized", "GEMINI_API_KEY"),
        (403, (), "unauthorized", "GEMINI_API_KEY"),
        (400, ({"reason": "API_KEY_INVALID"},), "unauthorized", "GEMINI_API_KEY"),
        (404, (), "error", "GEMINI_EMBEDDING_MODEL"),
        (400, (), "error", "EMBEDDING_PROVIDER=local"),
    ],
)
async def test_a_refusal_tells_its_reason_and_what_to_do(
    upstream: ScriptedUpstream, embedder: GeminiEmbedder, status: int, details: Any, reason: str, action: str
) -> None:
    upstream.reply_json(refused(status, *details), status)
    with pytest.raises(RetrievalUnavailable) as caught:
        await embedder.embed(["a"], purpose="passage", dimensions=2)
    assert (caught.value.service, caught.value.reason) == ("gemini", reason)
    assert action in caught.value.action
    assert len(upstream.asked) == 1


async def test_silence_is_a_timeout(upstream: ScriptedUpstream, embedder: GeminiEmbedder) -> None:
    upstream.reply(60)
    with pytest.raises(RetrievalUnavailable) as caught:
        await embedder.embed(["a"], purpose="question", dimensions=2)
    assert caught.value.reason == "timeout"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (vectors([1.0, 0.0]), "error"),
        (vectors([1.0, 0.0, 0.0], [1.0, 0.0, 0.0]), "dimension_mismatch"),
        (vectors([0.0, 0.0], [1.0, 0.0]), "error"),
        ({"embeddings": None}, "error"),
        ([], "error"),
    ],
    ids=["too few", "other dimensions", "a vector of zeros", "none", "a list"],
)
async def test_an_answer_that_makes_no_sense_is_no_vector(
    upstream: ScriptedUpstream, embedder: GeminiEmbedder, answer: Any, reason: str
) -> None:
    upstream.reply_json(answer)
    with pytest.raises(RetrievalUnavailable) as caught:
        await embedder.embed(["a", "b"], purpose="passage", dimensions=2)
    assert caught.value.reason == reason


async def test_the_stand_in_of_gemini_is_understood(gemini: GeminiStandIn) -> None:
    embedder = GeminiEmbedder(gemini.api_key, base_url=gemini.url, backoff=0.01)
    gemini.script(replies.overloaded(), call="embed", times=1)
    one, other = await embedder.embed(["a sensor", "a river"], purpose="passage", dimensions=768)
    await embedder.close()
    assert len(one) == len(other) == 768
    assert math.hypot(*one) == pytest.approx(1)


async def test_a_question_is_not_asked_while_the_quota_is_known_to_be_spent(
    upstream: ScriptedUpstream, embedder: GeminiEmbedder
) -> None:
    upstream.reply_json(PER_DAY, 429)
    for _ in range(3):
        with pytest.raises(QuotaExceeded) as caught:
            await embedder.embed(["a"], purpose="question", dimensions=2)
        assert "EMBEDDING_PROVIDER" in caught.value.action
        assert caught.value.retry_after
    assert len(upstream.asked) == 1


def minute_of(requests: int) -> dict[str, Any]:
    quota = {"quotaId": "EmbedContentRequestsPerMinutePerProject-FreeTier", "quotaValue": str(requests)}
    return refused(429, {"violations": [quota]}, {"retryDelay": "0.02s"})


def sizes(upstream: ScriptedUpstream) -> list[int]:
    return [len(asked.body["requests"]) for asked in upstream.asked]


async def test_a_minute_that_is_smaller_than_a_request_makes_all_requests_smaller(
    upstream: ScriptedUpstream, embedder: GeminiEmbedder
) -> None:
    upstream.reply_json(minute_of(40), 429)
    for size in (40, 40, 20):
        upstream.reply_json(vectors(*[[1.0, 0.0]] * size))
    assert len(await embedder.embed(["a"] * 100, purpose="passage", dimensions=2)) == 100
    assert sizes(upstream) == [100, 40, 40, 20]


async def test_a_request_that_is_refused_for_minutes_is_sent_in_parts_and_the_next_one_whole(
    upstream: ScriptedUpstream, embedder: GeminiEmbedder
) -> None:
    """As where Gemini counts tokens, and tells no number of requests."""
    for _ in range(2):
        upstream.reply_json(PER_MINUTE, 429)
    for size in (50, 100):
        upstream.reply_json(vectors(*[[1.0, 0.0]] * size))
    assert len(await embedder.embed(["a"] * 150, purpose="passage", dimensions=2)) == 150
    assert sizes(upstream) == [100, 100, 50, 100]


async def test_passages_are_not_sent_once_the_day_is_known_to_be_spent(
    upstream: ScriptedUpstream, embedder: GeminiEmbedder
) -> None:
    upstream.reply_json(PER_DAY, 429)
    for _ in range(2):
        with pytest.raises(QuotaExceeded):
            await embedder.embed(["a"], purpose="passage", dimensions=2)
    assert len(upstream.asked) == 1
