"""The sample corpus: small documents in the place of the project's own."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from math import fsum
from operator import mul
from pathlib import Path
from unittest.mock import AsyncMock

import pytest

from ragspace.retrieval import sample
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.edge_writer import EdgeWriter
from ragspace.space.baked_files import bake_vectors
from tests.support.embedding import WordEmbedder
from tests.support.indexing import ask, fill
from tests.support.passages import passage


def count_tokens(text: str) -> int:
    return len(text.split())


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "some-clone"
    (root / "docs").mkdir(parents=True)
    (root / "README.md").write_text("# ragspace\n\nA chatbot over documents.\n")
    (root / "docs" / "secrets.md").write_text("# Secrets\n\nThe Space needs secrets.\n")
    monkeypatch.setattr(sample, "_CHECKOUT", root)
    return root


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[EdgeIndex]:
    opened = EdgeIndex(tmp_path / "data", "docs")
    await opened.open()
    yield opened
    await opened.close()


async def test_an_empty_index_is_filled_from_the_documents(index: EdgeIndex, checkout: Path) -> None:
    embedder = WordEmbedder()

    assert await sample.load_sample(index, embedder, count_tokens) is True

    assert (await index.state()).sample is True
    found = await ask(index, "anything", embedder)
    assert {candidate.passage.file for candidate in found.values()} == {"README.md", "docs/secrets.md"}


async def test_a_prepared_index_is_copied_without_embedding_anything(
    index: EdgeIndex, checkout: Path
) -> None:
    await sample.prepare_sample(WordEmbedder(), count_tokens)
    embedder = WordEmbedder()

    assert await sample.load_sample(index, embedder, count_tokens) is True

    assert embedder.texts == []
    assert (await index.state()).passages == 2
    assert "The Space needs secrets." in await ask(index, "Which secrets?", embedder)


@pytest.fixture
async def image(tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with its documents and their vectors, away from any checkout."""
    package = tmp_path / "image" / "ragspace"
    shutil.copytree(checkout, package / "sample_docs")
    (package / sample.BAKED).mkdir()
    embedder = WordEmbedder()
    passages = sample.read_passages(count_tokens)
    vectors = [embedder.vector(each.text_to_embed) for each in passages]
    for name, content in bake_vectors(embedder.model, vectors, sample.passages_key(passages)).items():
        (package / sample.BAKED / name).write_bytes(content)
    monkeypatch.setattr(sample, "_PACKAGE", package)
    monkeypatch.setattr(sample, "_CHECKOUT", tmp_path / "image")
    return package


async def test_baked_vectors_are_taken_without_embedding_anything(index: EdgeIndex, image: Path) -> None:
    embedder = WordEmbedder()

    assert await sample.load_sample(index, embedder, count_tokens) is True

    assert embedder.texts == []
    assert (await index.state()).sample is True
    stored = dict(await index.contents())
    assert len(stored) == 2
    for each, vector in stored.items():
        assert fsum(map(mul, vector, embedder.vector(each.text_to_embed))) == pytest.approx(1, abs=1e-4)


async def test_a_start_that_was_killed_while_it_took_them_is_gone_on_with(
    index: EdgeIndex, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(EdgeWriter, "publish", AsyncMock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            await sample.load_sample(index, WordEmbedder(), count_tokens)

    assert await sample.load_sample(index, WordEmbedder(), count_tokens) is True

    assert (await index.state()).passages == 2


async def test_documents_that_were_changed_in_an_image_are_embedded(index: EdgeIndex, image: Path) -> None:
    (image / "sample_docs" / "docs" / "secrets.md").write_text("# Secrets\n\nThere are four of them.\n")
    embedder = WordEmbedder()

    assert await sample.load_sample(index, embedder, count_tokens) is True

    assert "Secrets\nThere are four of them." in embedder.texts


async def test_preparing_again_does_nothing_while_the_documents_are_the_same(checkout: Path) -> None:
    await sample.prepare_sample(WordEmbedder(), count_tokens)
    again, changed = WordEmbedder(), WordEmbedder()

    await sample.prepare_sample(again, count_tokens)
    (checkout / "docs" / "secrets.md").write_text("# Secrets\n\nOthers.\n")
    await sample.prepare_sample(changed, count_tokens)

    assert again.texts == []
    assert "Secrets\nOthers." in changed.texts


async def test_two_that_prepare_it_at_once_make_it_once(checkout: Path) -> None:
    embedders = WordEmbedder(), WordEmbedder()

    await asyncio.gather(*(sample.prepare_sample(embedder, count_tokens) for embedder in embedders))

    assert sorted(bool(embedder.texts) for embedder in embedders) == [False, True]


@pytest.mark.parametrize("other", [WordEmbedder("other words"), WordEmbedder(dimensions=32)])
async def test_an_index_prepared_for_another_model_is_not_used(
    index: EdgeIndex, checkout: Path, other: WordEmbedder
) -> None:
    await sample.prepare_sample(WordEmbedder(), count_tokens)
    other.texts.clear()

    assert await sample.load_sample(index, other, count_tokens) is True

    assert other.texts
    assert (await index.state()).embedding_model == other.model


async def test_an_outdated_sample_is_replaced_and_a_current_one_is_left(
    index: EdgeIndex, checkout: Path
) -> None:
    await sample.load_sample(index, WordEmbedder(), count_tokens)
    generation = index.generation
    await sample.load_sample(index, WordEmbedder(), count_tokens)
    assert index.generation == generation

    (checkout / "docs" / "secrets.md").write_text("# Secrets\n\nThere are four of them.\n")
    await sample.load_sample(index, WordEmbedder(), count_tokens)

    assert "There are four of them." in await ask(index, "secrets", WordEmbedder())


async def test_documents_of_the_users_own_are_never_replaced(index: EdgeIndex, checkout: Path) -> None:
    await fill(index, [passage("lidar")], WordEmbedder())

    assert await sample.load_sample(index, WordEmbedder(), count_tokens) is False

    assert set(await ask(index, "anything", WordEmbedder())) == {"lidar"}


async def test_documents_published_at_the_last_moment_are_not_replaced(
    index: EdgeIndex, checkout: Path
) -> None:
    await sample.prepare_sample(WordEmbedder(), count_tokens)
    prepared = EdgeIndex(sample.prepared_sample_directory(), sample.COLLECTION, read_only=True)
    await prepared.open()
    generation = prepared.generation
    assert generation is not None
    await fill(index, [passage("lidar")], WordEmbedder())

    with pytest.raises(sample.ConfigurationError):
        await index.install(generation)

    await prepared.close()
    assert (await index.state()).sample is False


async def test_the_sample_waits_for_nobody_who_is_writing_documents(index: EdgeIndex, checkout: Path) -> None:
    writer = await index.begin("words", 64)

    assert await sample.load_sample(index, WordEmbedder(), count_tokens) is False

    await writer.close()


async def test_without_documents_there_is_no_sample(index: EdgeIndex, checkout: Path) -> None:
    (checkout / "README.md").unlink()
    (checkout / "docs" / "secrets.md").unlink()

    assert await sample.load_sample(index, WordEmbedder(), count_tokens) is False


def test_the_projects_own_documentation_is_the_sample() -> None:
    names = [file.name for file in sample.sample_documents()]

    assert "README.md" in names
    assert "architecture.md" not in names


def test_documents_packed_with_the_package_come_first(
    tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "ragspace"
    (package / "sample_docs" / "docs").mkdir(parents=True)
    (package / "sample_docs" / "docs" / "packed.md").write_text("# Packed\n\nText.\n")
    monkeypatch.setattr(sample, "_PACKAGE", package)

    assert [file.name for file in sample.sample_documents()] == ["packed.md"]
