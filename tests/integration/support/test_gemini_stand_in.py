"""The stand-in for Gemini is one that Google's own SDK takes for the service."""

from collections.abc import AsyncIterator

import aiohttp
import numpy as np
import pytest
from google import genai
from google.genai import errors, types

from tests.support.gemini import Answer, GeminiStandIn, replies
from tests.support.skips import requires

pytestmark = [
    requires("node"),
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
]

CHAT = "gemini-3.5-flash"
EMBEDDING = "gemini-embedding-001"


def client_of(stand_in: GeminiStandIn, api_key: str | None = None) -> genai.client.AsyncClient:
    options = types.HttpOptions(base_url=stand_in.url, api_version="v1beta", timeout=10_000)
    return genai.Client(api_key=api_key or stand_in.api_key, http_options=options).aio


@pytest.fixture
async def client(gemini: GeminiStandIn) -> AsyncIterator[genai.client.AsyncClient]:
    async with client_of(gemini) as client:
        yield client


async def streamed(
    client: genai.client.AsyncClient, question: str = "How do I deploy?", model: str = CHAT
) -> list[types.GenerateContentResponse]:
    stream = await client.models.generate_content_stream(model=model, contents=question)
    return [chunk async for chunk in stream]


def text_of(chunks: list[types.GenerateContentResponse]) -> str:
    return "".join(chunk.text or "" for chunk in chunks)


def finish_of(chunks: list[types.GenerateContentResponse]) -> types.FinishReason | None:
    return chunks[-1].candidates[0].finish_reason if chunks[-1].candidates else None


async def test_an_unscripted_answer_streams_in_chunks_cites_a_source_and_stops(client):
    chunks = await streamed(client)
    assert len(chunks) > 2
    assert "[1]" in text_of(chunks)
    assert finish_of(chunks) is types.FinishReason.STOP


async def test_a_scripted_answer_goes_to_the_requests_it_was_meant_for(gemini, client):
    gemini.script(Answer("Forty-two."), when="how many", times=1)
    assert text_of(await streamed(client, "Why?")) == replies.DEFAULT_TEXT
    assert text_of(await streamed(client, "And how many?")) == "Forty-two."
    assert text_of(await streamed(client, "And how many?")) == replies.DEFAULT_TEXT


@pytest.mark.parametrize("finish", ["MAX_TOKENS", "SAFETY"])
async def test_an_answer_ends_for_the_scripted_reason(gemini, client, finish):
    gemini.script(Answer(finish=finish))
    assert finish_of(await streamed(client)) is types.FinishReason(finish)


async def test_an_empty_answer_has_a_finish_reason_and_no_text(gemini, client):
    gemini.script(replies.empty_answer())
    chunks = await streamed(client)
    assert text_of(chunks) == ""
    assert finish_of(chunks) is types.FinishReason.STOP


async def test_thoughts_come_before_the_text_and_are_marked(gemini, client):
    gemini.script(Answer("Yes.", thoughts="Let me see."))
    parts = [part for chunk in await streamed(client) for part in chunk.candidates[0].content.parts]
    assert [(part.text, bool(part.thought)) for part in parts] == [("Let me see.", True), ("Yes.", False)]


async def test_a_blocked_prompt_has_a_reason_and_no_candidate(gemini, client):
    gemini.script(replies.blocked_prompt())
    (chunk,) = await streamed(client)
    assert chunk.prompt_feedback.block_reason is types.BlockedReason.SAFETY
    assert not chunk.candidates


async def test_a_stream_without_candidates_can_be_scripted(gemini, client):
    gemini.script(replies.no_candidates())
    (chunk,) = await streamed(client)
    assert not chunk.candidates


async def test_an_unfinished_stream_ends_in_good_order_without_a_reason(gemini, client):
    gemini.script(replies.unfinished(after=2))
    chunks = await streamed(client)
    assert text_of(chunks) == "Part 1. Part 2. "
    assert finish_of(chunks) is None


@pytest.mark.parametrize(
    ("reply", "kind", "status"),
    [
        (replies.quota_exceeded(), errors.ClientError, "RESOURCE_EXHAUSTED"),
        (replies.overloaded(), errors.ServerError, "UNAVAILABLE"),
        (replies.internal_error(), errors.ServerError, "INTERNAL"),
        (replies.unauthenticated(), errors.ClientError, "UNAUTHENTICATED"),
        (replies.permission_denied(), errors.ClientError, "PERMISSION_DENIED"),
    ],
)
async def test_a_scripted_failure_is_the_sdks_own_class_of_error(gemini, client, reply, kind, status):
    gemini.script(reply)
    with pytest.raises(kind) as caught:
        await streamed(client)
    assert (caught.value.code, caught.value.status) == (reply.status, status)


@pytest.mark.parametrize("per", ["Minute", "Day"])
async def test_a_spent_quota_names_its_period_and_when_to_come_back(gemini, client, per):
    gemini.script(replies.quota_exceeded(per=per, retry_after_s=7))
    with pytest.raises(errors.ClientError) as caught:
        await streamed(client)
    failure, retry = caught.value.details["error"]["details"]
    assert f"Per{per}Per" in failure["violations"][0]["quotaId"]
    assert retry["retryDelay"] == "7s"


async def test_a_wrong_key_is_refused_as_google_does(gemini):
    async with client_of(gemini, api_key="wrong") as stranger:
        with pytest.raises(errors.ClientError) as caught:
            await streamed(stranger)
    assert caught.value.code == 400
    assert caught.value.details["error"]["details"][0]["reason"] == "API_KEY_INVALID"


async def test_a_model_that_was_shut_down_is_not_found(client):
    with pytest.raises(errors.ClientError) as caught:
        await client.models.embed_content(model="text-embedding-004", contents="a")
    assert caught.value.code == 404


async def test_a_failure_of_one_model_leaves_the_others_answering(gemini, client):
    gemini.script(replies.quota_exceeded(per="Day"), model=CHAT)
    with pytest.raises(errors.ClientError):
        await streamed(client)
    assert text_of(await streamed(client, model="gemini-3.5-flash-lite")) == replies.DEFAULT_TEXT


async def test_what_was_asked_is_kept_as_it_came(gemini, client):
    await client.models.generate_content(
        model=CHAT,
        contents="How?",
        config=types.GenerateContentConfig(system_instruction="Be brief.", max_output_tokens=64),
    )
    (asked,) = gemini.asked("generate")
    assert (asked.model, asked.method, asked.texts) == (CHAT, "generateContent", ["How?"])
    assert asked.body["systemInstruction"]["parts"] == [{"text": "Be brief."}]
    assert asked.body["generationConfig"] == {"maxOutputTokens": 64}


async def embedded(client: genai.client.AsyncClient, *texts: str, dimensions: int | None = 768) -> np.ndarray:
    response = await client.models.embed_content(
        model=EMBEDDING,
        contents=list(texts),
        config=types.EmbedContentConfig(output_dimensionality=dimensions, task_type="RETRIEVAL_DOCUMENT"),
    )
    return np.array([embedding.values for embedding in response.embeddings])


async def test_texts_that_share_words_are_nearer_than_others(client):
    question, near, far = await embedded(
        client,
        "Which secrets does the Space need?",
        "The Space reads its secrets, such as GEMINI_API_KEY, at the start.",
        "A table is split between its rows, never inside one.",
    )
    assert question @ near > 1.2 * (question @ far)


async def test_embeddings_come_in_the_order_of_the_texts_and_are_the_same_every_time(gemini, client):
    first, second = await embedded(client, "one", "two")
    assert np.array_equal(await embedded(client, "two", "one"), [second, first])
    assert {request.method for request in gemini.asked("embed")} == {"batchEmbedContents"}


async def test_only_embeddings_of_full_length_are_unit_vectors(client):
    cut, full = await embedded(client, "text"), await embedded(client, "text", dimensions=None)
    assert (cut.shape, full.shape) == ((1, 768), (1, 3072))
    assert np.linalg.norm(full) == pytest.approx(1)
    assert np.linalg.norm(cut) == pytest.approx(0.7)


async def test_a_batch_of_more_than_a_hundred_texts_is_refused(client):
    with pytest.raises(errors.ClientError, match="at most 100"):
        await embedded(client, *[f"text {number}" for number in range(101)])


async def test_models_are_listed_and_described(client):
    names = [model.name async for model in await client.models.list()]
    assert {f"models/{CHAT}", f"models/{EMBEDDING}"} <= set(names)
    described = await client.models.get(model=CHAT)
    assert described.name == f"models/{CHAT}"
    assert "generateContent" in described.supported_actions
    with pytest.raises(errors.ClientError) as caught:
        await client.models.get(model="gemini-9")
    assert caught.value.code == 404


def raw_stream(stand_in: GeminiStandIn, body: dict, **options):
    return aiohttp.request(
        "POST",
        f"{stand_in.url}/v1beta/models/{CHAT}:streamGenerateContent?alt=sse",
        json={"contents": [{"role": "user", "parts": [{"text": "How?"}]}], **body},
        headers={"x-goog-api-key": stand_in.api_key},
        **options,
    )


async def read_stream(stand_in: GeminiStandIn, received: bytearray, **options):
    async with raw_stream(stand_in, {}, **options) as response:
        async for data in response.content.iter_any():
            received += data


@pytest.mark.parametrize("cut_after", [0, 1, 3])
async def test_a_cut_stream_gives_its_chunks_and_then_breaks_off(gemini, cut_after):
    gemini.script(Answer("abcdef", chunk_size=1, cut_after=cut_after))
    received = bytearray()
    with pytest.raises(aiohttp.ClientPayloadError):
        await read_stream(gemini, received)
    assert received.count(b"data: ") == cut_after
    assert gemini.requests[0].outcome == "cut"


@pytest.mark.parametrize("stall_after", [1, 2])
async def test_a_stalled_stream_gives_its_chunks_and_then_nothing(gemini, stall_after):
    gemini.script(Answer("abcdef", chunk_size=1, stall_after=stall_after))
    received = bytearray()
    with pytest.raises(TimeoutError):
        await read_stream(gemini, received, timeout=aiohttp.ClientTimeout(sock_read=0.5))
    assert received.count(b"data: ") == stall_after


async def test_a_client_that_leaves_is_noticed(gemini):
    gemini.script(Answer("abcdef", chunk_size=1, stall_after=1))
    async with raw_stream(gemini, {}) as response:
        await response.content.readany()
    assert await gemini.requests[0].settled() == "disconnected"


async def test_a_malformed_chunk_comes_after_good_ones(gemini):
    gemini.script(replies.malformed_chunk(after=1))
    async with raw_stream(gemini, {}) as response:
        good, bad = (await response.text()).rstrip().split("\r\n\r\n")
    types.GenerateContentResponse.model_validate_json(good.removeprefix("data: "))
    with pytest.raises(ValueError, match="Invalid JSON"):
        types.GenerateContentResponse.model_validate_json(bad.removeprefix("data: "))


@pytest.mark.parametrize(
    "body",
    [
        {"system": "Be brief."},
        {"generationConfig": {"max_tokens": 64}},
        {"generationConfig": {"thinkingConfig": {"thinkingLevel": "MINIMAL", "thinkingBudget": 0}}},
        {"contents": []},
        {"contents": [{"role": "assistant", "parts": [{"text": "Hello"}]}]},
    ],
)
async def test_a_body_that_google_refuses_is_refused(gemini, body):
    async with raw_stream(gemini, body) as response:
        assert response.status == 400
        assert (await response.json())["error"]["status"] == "INVALID_ARGUMENT"
