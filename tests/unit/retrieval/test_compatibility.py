"""Over the real built-in index, whose manifest stands for what a collection says of itself."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ragspace.documents.passage import Passage
from ragspace.errors import QuotaExceeded, RetrievalUnavailable
from ragspace.models.protocols import Purpose, Vector
from ragspace.retrieval.compatibility import ensure_compatible
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.terms import passage_terms
from tests.support.embedding import WordEmbedder
from tests.support.indexing import fill
from tests.support.passages import passage


class FixedDimensions(WordEmbedder):
    """An embedder that cannot make other dimensions than its own."""

    async def embed(self, texts: Sequence[str], *, purpose: Purpose, dimensions: int) -> list[Vector]:
        if dimensions != self.default_dimensions:
            raise RetrievalUnavailable(service="gemini", reason="dimension_mismatch")
        return await super().embed(texts, purpose=purpose, dimensions=dimensions)


class OutOfQuota(WordEmbedder):
    async def embed(self, texts: Sequence[str], *, purpose: Purpose, dimensions: int) -> list[Vector]:
        raise QuotaExceeded


class ReadOnly(EdgeIndex):
    """An index whose key may only search."""

    async def adopt(self, embedding_model: str) -> None:
        raise RetrievalUnavailable(service="qdrant", reason="unauthorized")


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[EdgeIndex]:
    opened = EdgeIndex(tmp_path, "docs")
    await opened.open()
    yield opened
    await opened.close()


def forget_the_model(directory: Path) -> None:
    """Make the collection one that names no model."""
    generation = directory / "docs" / "generations" / "00000001"
    from ragspace.retrieval.generations import Manifest

    replace(Manifest.read(generation), embedding_model=None).write(generation)


async def unnamed(index: EdgeIndex, directory: Path, passages: list[Passage], vectors: list[Vector]) -> None:
    writer = await index.begin("words", 64)
    await writer.add(passages, vectors, [passage_terms(each.content) for each in passages])
    await writer.publish()
    await writer.close()
    forget_the_model(directory)


async def refused(index: EdgeIndex, embedder: WordEmbedder) -> RetrievalUnavailable:
    with pytest.raises(RetrievalUnavailable) as raised:
        await ensure_compatible(index, embedder)
    return raised.value


async def test_a_collection_of_the_same_model_needs_no_trial(index: EdgeIndex) -> None:
    embedder = WordEmbedder()
    await fill(index, [passage("lidar")], embedder)

    assert (await ensure_compatible(index, embedder)).passages == 1
    assert embedder.texts == []


async def test_there_is_nothing_to_compare_where_the_collection_is_missing(index: EdgeIndex) -> None:
    assert (await refused(index, WordEmbedder())).reason == "collection_missing"


async def test_another_model_of_the_same_dimensions_is_refused_by_its_name(index: EdgeIndex) -> None:
    await fill(index, [passage("lidar")], WordEmbedder("words"))

    error = await refused(index, WordEmbedder("other words"))

    assert (error.service, error.reason) == ("qdrant", "embedding_model_mismatch")
    assert all(part in error.action for part in ("words", "other words", "ragspace ingest --rebuild PATH"))


async def test_dimensions_that_the_model_cannot_make_are_refused(index: EdgeIndex) -> None:
    await fill(index, [passage("lidar")], WordEmbedder(dimensions=64))

    error = await refused(index, FixedDimensions(dimensions=32))

    assert (error.service, error.reason) == ("qdrant", "dimension_mismatch")
    assert all(part in error.action for part in ("64", "32", "ragspace ingest --rebuild PATH"))


async def test_dimensions_that_the_model_can_make_are_those_of_the_collection(index: EdgeIndex) -> None:
    await fill(index, [passage("lidar")], WordEmbedder(dimensions=64))

    assert (await ensure_compatible(index, WordEmbedder(dimensions=32))).dimensions == 64


@pytest.mark.parametrize("with_headings", [False, True])
async def test_a_collection_that_names_no_model_is_adopted_where_a_passage_comes_out_the_same(
    index: EdgeIndex, tmp_path: Path, with_headings: bool
) -> None:
    embedder, stored = WordEmbedder(), passage("LiDAR measures distance.", heading="Sensors")
    text = stored.text_to_embed if with_headings else stored.content
    await unnamed(index, tmp_path, [stored], [embedder.vector(text)])

    await ensure_compatible(index, embedder)

    assert (await index.state()).embedding_model == "words"


async def test_a_collection_that_names_no_model_is_refused_where_a_passage_comes_out_differently(
    index: EdgeIndex, tmp_path: Path
) -> None:
    retired, stored = WordEmbedder("retired"), passage("LiDAR measures distance.")
    await unnamed(index, tmp_path, [stored], [retired.vector(stored.content)])

    error = await refused(index, WordEmbedder())

    assert error.reason == "embedding_model_mismatch"
    assert "ragspace ingest --rebuild PATH" in error.action
    assert (await index.state()).embedding_model is None


async def test_an_unnamed_collection_of_dimensions_that_cannot_be_made_is_refused(
    index: EdgeIndex, tmp_path: Path
) -> None:
    await unnamed(index, tmp_path, [passage("lidar")], [WordEmbedder().vector("lidar")])

    assert (await refused(index, FixedDimensions(dimensions=32))).reason == "dimension_mismatch"


async def test_a_name_that_cannot_be_written_down_does_not_stop_the_search(tmp_path: Path) -> None:
    index, embedder = ReadOnly(tmp_path, "docs"), WordEmbedder()
    await index.open()
    await unnamed(index, tmp_path, [passage("lidar")], [embedder.vector("lidar")])

    assert (await ensure_compatible(index, embedder)).passages == 1
    await index.close()


async def test_a_trial_that_fails_decides_nothing(index: EdgeIndex, tmp_path: Path) -> None:
    await unnamed(index, tmp_path, [passage("lidar")], [WordEmbedder().vector("lidar")])

    with pytest.raises(QuotaExceeded):
        await ensure_compatible(index, OutOfQuota())

    assert (await index.state()).embedding_model is None
