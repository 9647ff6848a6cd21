"""The baked index: text files that become the built-in index of an image."""

import math
from collections.abc import AsyncIterator
from dataclasses import replace
from operator import mul
from pathlib import Path

import orjson
import pytest

from ragspace.documents.passage import Passage
from ragspace.errors import ConfigurationError
from ragspace.models.protocols import Vector
from ragspace.retrieval import baked
from ragspace.retrieval.edge import EdgeIndex
from ragspace.space import baked_files
from ragspace.space.baked_files import bake
from tests.support.embedding import WordEmbedder
from tests.support.indexing import ask, fill
from tests.support.passages import passage

LIDAR = passage('LiDAR measures "distance" with light.\nÜber all.', file="docs/a.md", heading="LiDAR")
RADAR = passage("Radar measures speed.", file="docs/b.md", heading="Radar")


def entries(*passages: Passage, embedder: WordEmbedder | None = None) -> list[tuple[Passage, Vector]]:
    embedder = embedder or WordEmbedder()
    return [(each, embedder.vector(each.text_to_embed)) for each in passages]


def write(directory: Path, files: dict[str, bytes]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (directory / name).write_bytes(content)
    return directory


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return write(tmp_path / "baked", bake("words", 64, entries(LIDAR, RADAR)))


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[EdgeIndex]:
    opened = EdgeIndex(tmp_path / "data", "docs")
    yield opened
    await opened.close()


async def test_an_empty_index_is_filled_without_an_embedder(index: EdgeIndex, directory: Path) -> None:
    assert await baked.load_baked(index, directory) is True

    state = await index.state()
    assert (state.passages, state.dimensions, state.embedding_model) == (2, 64, "words")
    assert state.sample is False
    found = await ask(index, "LiDAR distance", WordEmbedder())
    assert {candidate.passage for candidate in found.values()} == {LIDAR, RADAR}
    assert found[LIDAR.content].lexical > 0


async def test_bytes_keep_the_direction_of_a_vector_to_a_ten_thousandth(
    index: EdgeIndex, directory: Path
) -> None:
    await baked.load_baked(index, directory)

    stored = {each.id: vector for each, vector in await index.contents()}
    for each, exact in entries(LIDAR, RADAR):
        assert math.isclose(math.fsum(map(mul, exact, stored[each.id])), 1.0, abs_tol=1e-4)


def test_what_is_derived_is_not_stored() -> None:
    [line] = bake("words", 64, entries(LIDAR))["passages-0001.jsonl"].splitlines()

    assert set(orjson.loads(line)) == {"file_path", "heading_path", "content", "token_count"}


async def test_what_cannot_be_derived_is_stored(index: EdgeIndex, tmp_path: Path) -> None:
    odd = replace(
        LIDAR, page="elsewhere", anchor="lidar-1", section_depth=3, part=2, parts=3, section="0123456789"
    )
    await baked.load_baked(index, write(tmp_path / "odd", bake("words", 64, entries(odd))))

    assert [each for each, _ in await index.contents()] == [odd]


def test_the_same_passages_give_the_same_bytes_in_any_order() -> None:
    assert bake("words", 64, entries(LIDAR, RADAR)) == bake("words", 64, entries(RADAR, LIDAR))


def test_large_indexes_are_divided_into_files_that_a_repository_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baked_files, "LARGEST_FILE", 64 * 3 * 2)
    many = [passage(f"Passage number {number}.") for number in range(5)]

    files = bake("words", 64, entries(*many))

    assert [name for name in files if name.startswith("vectors")] == [
        "vectors-0001.txt",
        "vectors-0002.txt",
        "vectors-0003.txt",
    ]
    assert all(content.decode("utf-8") for content in files.values())


async def test_all_files_of_a_divided_index_are_read(
    index: EdgeIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(baked_files, "LARGEST_FILE", 64 * 3 * 2)
    many = [passage(f"Passage number {number}.") for number in range(5)]
    await baked.load_baked(index, write(tmp_path / "many", bake("words", 64, entries(*many))))

    assert {each for each, _ in await index.contents()} == set(many)


async def test_what_is_there_already_is_not_written_again(index: EdgeIndex, directory: Path) -> None:
    await baked.load_baked(index, directory)
    before = index.generation

    assert await baked.load_baked(index, directory) is True

    assert index.generation == before


async def test_documents_of_another_image_are_replaced(
    index: EdgeIndex, directory: Path, tmp_path: Path
) -> None:
    await baked.load_baked(index, directory)
    newer = write(tmp_path / "newer", bake("words", 64, entries(RADAR)))

    assert await baked.load_baked(index, newer) is True

    assert set(await ask(index, "anything", WordEmbedder())) == {RADAR.content}


async def test_documents_of_the_users_own_are_never_replaced(index: EdgeIndex, directory: Path) -> None:
    await fill(index, [passage("sonar")], WordEmbedder())

    assert await baked.load_baked(index, directory) is False

    assert set(await ask(index, "anything", WordEmbedder())) == {"sonar"}


async def test_ingest_adds_to_baked_documents_which_are_then_the_users_own(
    index: EdgeIndex, directory: Path
) -> None:
    await baked.load_baked(index, directory)
    await fill(index, [passage("sonar")], WordEmbedder())

    assert await baked.load_baked(index, directory) is False

    assert set(await ask(index, "anything", WordEmbedder())) == {"sonar", LIDAR.content, RADAR.content}


@pytest.mark.parametrize("damage", ["index.json", "passages-0001.jsonl", "vectors-0001.txt"])
async def test_a_damaged_one_says_how_to_make_it_anew(index: EdgeIndex, directory: Path, damage: str) -> None:
    (directory / damage).write_bytes(b"AAAA\nnothing\n")

    with pytest.raises(ConfigurationError) as refused:
        await baked.load_baked(index, directory)

    assert "ragspace deploy OWNER/NAME --docs DIR" in refused.value.action
    assert index.generation is None


async def test_a_missing_one_is_told(index: EdgeIndex, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        await baked.load_baked(index, tmp_path / "absent")
