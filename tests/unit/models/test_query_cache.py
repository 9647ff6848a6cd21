"""Over an embedder that says what it was asked for, and that waits where a test wants it to."""

import asyncio
from array import array
from collections.abc import Sequence

import pytest

from ragspace.errors import RetrievalUnavailable
from ragspace.models.protocols import Purpose, Vector
from ragspace.models.query_cache import QueryCache
from tests.support.embedding import WordEmbedder


class SlowEmbedder(WordEmbedder):
    """Waits for `gate` before it answers, or fails with `error`."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.error: Exception | None = None

    async def embed(self, texts: Sequence[str], *, purpose: Purpose, dimensions: int) -> list[Vector]:
        made = await super().embed(texts, purpose=purpose, dimensions=dimensions)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return made


@pytest.fixture
def embedder() -> SlowEmbedder:
    return SlowEmbedder()


def single(embedder: SlowEmbedder, text: str, dimensions: int) -> "array[float]":
    """The vector in single precision, as it is kept."""
    return array("f", embedder.vector(text, dimensions))


async def until_asked(embedder: SlowEmbedder) -> None:
    async with asyncio.timeout(5):
        while not embedder.texts:
            await asyncio.sleep(0)


async def test_each_text_has_its_own_vector_and_is_embedded_once(embedder: SlowEmbedder) -> None:
    embedder.gate.set()
    cache = QueryCache(embedder)

    made = await cache.embed(["lidar", "camera", "lidar"], 8)
    again = await cache.embed(["camera", "radar"], 8)

    assert made == [single(embedder, text, 8) for text in ("lidar", "camera", "lidar")]
    assert again == [single(embedder, text, 8) for text in ("camera", "radar")]
    assert embedder.texts == ["lidar", "camera", "radar"]


async def test_a_vector_belongs_to_its_model_and_dimensions(embedder: SlowEmbedder) -> None:
    embedder.gate.set()
    cache = QueryCache(embedder)
    await cache.embed(["lidar"], 8)

    assert await cache.embed(["lidar"], 16) == [single(embedder, "lidar", 16)]
    embedder.model = "another"
    await cache.embed(["lidar"], 8)

    assert embedder.texts == ["lidar"] * 3


async def test_who_asks_the_same_at_the_same_time_shares_one_call(embedder: SlowEmbedder) -> None:
    cache = QueryCache(embedder)
    asking = [asyncio.create_task(cache.embed([*own, "lidar"], 8)) for own in ([], ["camera"], [])]
    await until_asked(embedder)
    embedder.gate.set()

    assert [vectors[-1] for vectors in await asyncio.gather(*asking)] == [single(embedder, "lidar", 8)] * 3
    assert embedder.texts == ["lidar", "camera"]


async def test_who_leaves_takes_the_vector_from_nobody(embedder: SlowEmbedder) -> None:
    cache = QueryCache(embedder)
    first, second = (asyncio.create_task(cache.embed(["lidar"], 8)) for _ in range(2))
    await until_asked(embedder)
    first.cancel()
    await asyncio.wait({first})
    embedder.gate.set()

    assert await second == [single(embedder, "lidar", 8)]
    assert first.cancelled()


async def test_a_failure_reaches_all_who_wait_and_is_not_kept(embedder: SlowEmbedder) -> None:
    cache = QueryCache(embedder)
    asking = [asyncio.create_task(cache.embed(["lidar", "camera"], 8)) for _ in range(2)]
    embedder.error = RetrievalUnavailable(service="gemini")
    embedder.gate.set()

    assert await asyncio.gather(*asking, return_exceptions=True) == [embedder.error] * 2
    embedder.error = None
    assert await cache.embed(["lidar"], 8) == [single(embedder, "lidar", 8)]


async def test_only_the_latest_are_kept(embedder: SlowEmbedder) -> None:
    embedder.gate.set()
    cache = QueryCache(embedder, size=2)
    for text in ("one", "two", "one", "three", "one", "two"):
        await cache.embed([text], 8)

    assert embedder.texts == ["one", "two", "three", "two"]
