"""What we send is what the official SDKs send; what they read, we read alike."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from google import genai
from google.genai import types
from openai import AsyncOpenAI

from ragspace.models.gemini_embedder import GeminiEmbedder
from ragspace.models.gemini_generator import MAX_OUTPUT_TOKENS, GeminiGenerator
from ragspace.models.openai import OpenAIGenerator
from ragspace.models.protocols import GenerationRequest
from tests.support.answers import listen
from tests.support.scripted_upstream import ScriptedUpstream, sse

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")  # google-genai's own

GEMINI_ANSWER = sse(
    {"candidates": [{"content": {"role": "model", "parts": [{"text": "Ten "}]}}], "modelVersion": "m"},
    {"candidates": [{"content": {"role": "model", "parts": [{"text": "Let me see", "thought": True}]}}]},
    {"candidates": [{"content": {"role": "model", "parts": [{"text": "hertz."}]}, "finishReason": "STOP"}]},
)
OPENAI_ANSWER = sse(
    {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
        {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]},
    {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
        {"index": 0, "delta": {"content": "Ten hertz."}, "finish_reason": None}]},
    {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
        {"index": 0, "delta": {}, "finish_reason": "stop"}]},
    "[DONE]",
)  # fmt: skip


def camel_case(body: Any) -> Any:
    """Google's servers take both spellings of a field's name."""
    if isinstance(body, dict):
        return {
            name.split("_")[0] + "".join(part.title() for part in name.split("_")[1:]): camel_case(value)
            for name, value in body.items()
        }
    return [camel_case(item) for item in body] if isinstance(body, list) else body


async def with_sdk(upstream: ScriptedUpstream, use: Callable[[genai.Client], Awaitable[Any]]) -> Any:
    options = types.HttpOptions(base_url=upstream.url, api_version="v1beta")
    client = genai.Client(api_key="key", http_options=options)
    try:
        return await use(client)
    finally:
        await client.aio.aclose()
        client.close()


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("gemini-3.5-flash", types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW)),
        ("gemini-3.5-flash-lite", types.ThinkingConfig(thinking_level=types.ThinkingLevel.MINIMAL)),
        ("gemini-2.5-flash", types.ThinkingConfig(thinking_budget=0)),
        ("gemma-4-27b-it", None),
    ],
)
async def test_gemini_is_asked_and_read_as_its_sdk_does(
    upstream: ScriptedUpstream,
    request_: GenerationRequest,
    model: str,
    thinking: types.ThinkingConfig | None,
) -> None:
    upstream.reply(GEMINI_ANSWER)

    async def ask(client: genai.Client) -> str:
        stream = await client.aio.models.generate_content_stream(
            model=model,
            contents=[
                types.Content(
                    role="model" if turn.role == "assistant" else "user",
                    parts=[types.Part.from_text(text=turn.text)],
                )
                for turn in request_.turns
            ],
            config=types.GenerateContentConfig(
                system_instruction=types.Content(parts=[types.Part.from_text(text=request_.system)]),
                max_output_tokens=MAX_OUTPUT_TOKENS,
                thinking_config=thinking,
            ),
        )
        parts = [
            part
            async for event in stream
            for candidate in event.candidates or ()
            for part in (candidate.content and candidate.content.parts) or ()
        ]
        return "".join(part.text or "" for part in parts if not part.thought)

    their_text = await with_sdk(upstream, ask)
    generator = GeminiGenerator("key", [model], upstream.url)
    heard = await listen(generator, request_)
    await generator.close()

    theirs, ours = upstream.asked
    assert (ours.method, ours.path, ours.query) == (theirs.method, theirs.path, theirs.query)
    assert lower_levels(camel_case(ours.body)) == lower_levels(camel_case(theirs.body))
    assert heard.text == their_text == "Ten hertz."


def lower_levels(body: dict[str, Any]) -> dict[str, Any]:
    """The REST reference writes the levels small, the SDK's enumeration large; both are taken."""
    thinking = body["generationConfig"].get("thinkingConfig", {})
    if "thinkingLevel" in thinking:
        thinking["thinkingLevel"] = thinking["thinkingLevel"].lower()
    return body


@pytest.mark.parametrize("model", ["gemini-embedding-001", "gemini-embedding-2"])
async def test_gemini_embeds_as_its_sdk_asks(upstream: ScriptedUpstream, model: str) -> None:
    upstream.reply_json({"embeddings": [{"values": [0.6, 0.8]}, {"values": [1.0, 0.0]}]})
    task = "RETRIEVAL_DOCUMENT" if model == "gemini-embedding-001" else None

    async def ask(client: genai.Client) -> Any:
        return await client.aio.models.embed_content(
            model=model,
            contents=[types.Content(parts=[types.Part.from_text(text=text)]) for text in ("one", "two")],
            config=types.EmbedContentConfig(task_type=task, output_dimensionality=2),
        )

    answer = await with_sdk(upstream, ask)
    embedder = GeminiEmbedder("key", model, upstream.url)
    found = await embedder.embed(["one", "two"], purpose="passage", dimensions=2)
    await embedder.close()

    theirs, ours = upstream.asked
    assert (ours.method, ours.path) == (theirs.method, theirs.path)
    assert camel_case(ours.body) == camel_case(theirs.body)
    assert found == [embedding.values for embedding in answer.embeddings]


async def test_gemini_describes_a_model_where_its_sdk_asks(upstream: ScriptedUpstream) -> None:
    upstream.reply_json({"name": "models/gemini-3.5-flash"})

    async def ask(client: genai.Client) -> Any:
        return await client.aio.models.get(model="gemini-3.5-flash")

    await with_sdk(upstream, ask)
    generator = GeminiGenerator("key", ["gemini-3.5-flash"], upstream.url)
    await generator.check()
    await generator.close()
    theirs, ours = upstream.asked
    assert (ours.method, ours.path) == (theirs.method, theirs.path)


async def test_an_openai_compatible_endpoint_is_asked_and_read_as_its_sdk_does(
    upstream: ScriptedUpstream, request_: GenerationRequest
) -> None:
    upstream.reply(OPENAI_ANSWER)
    async with AsyncOpenAI(base_url=f"{upstream.url}/v1", api_key="key", max_retries=0) as client:
        stream = await client.chat.completions.create(
            model="llama",
            messages=[
                {"role": "system", "content": request_.system},
                *({"role": turn.role, "content": turn.text} for turn in request_.turns),  # type: ignore[list-item,misc]
            ],
            max_tokens=MAX_OUTPUT_TOKENS,
            stream=True,
        )
        their_text = "".join([event.choices[0].delta.content or "" async for event in stream])
    generator = OpenAIGenerator(upstream.url, "llama", "key")
    heard = await listen(generator, request_)
    await generator.close()

    theirs, ours = upstream.asked
    assert (ours.method, ours.path) == (theirs.method, theirs.path)
    assert ours.headers["authorization"] == theirs.headers["authorization"]
    assert ours.body == theirs.body
    assert heard.text == their_text == "Ten hertz."
