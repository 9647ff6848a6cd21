import os
from pathlib import Path

import pytest

from ragspace.errors import ConfigurationError
from ragspace.retrieval.generations import SHARD, Generation, Generations, Manifest, copy_shard
from ragspace.retrieval.locks import FileLock

MANIFEST = Manifest("words", 64, 1, "2026-01-01T00:00:00Z")


def publish(generations: Generations, content: str) -> Generation:
    lock = generations.take_writing()
    building = generations.directory / "building"
    (building / SHARD).mkdir(parents=True)
    (building / SHARD / "data").write_text(content)
    generation = generations.publish(building, MANIFEST)
    lock.release()
    return generation


@pytest.fixture
def generations(tmp_path: Path) -> Generations:
    return Generations(tmp_path / "docs")


def test_nothing_is_current_before_the_first_publication(generations: Generations) -> None:
    assert generations.current() is None
    assert generations.stamp() is None


def test_the_last_published_is_current(generations: Generations) -> None:
    publish(generations, "one")
    first = generations.stamp()
    newest = publish(generations, "two")

    assert generations.current() == newest
    assert generations.stamp() != first
    assert (newest.shard / "data").read_text() == "two"


def test_a_superseded_generation_is_removed(generations: Generations) -> None:
    old = publish(generations, "one")
    publish(generations, "two")

    assert not old.directory.exists()


def test_a_superseded_generation_stays_while_it_is_held(generations: Generations) -> None:
    old = publish(generations, "one")
    held = FileLock.take(old.lock)
    assert held is not None
    publish(generations, "two")
    assert (old.shard / "data").read_text() == "one"

    held.release()
    generations.remove_superseded()

    assert not old.directory.exists()


def test_a_generation_that_is_about_to_be_published_is_not_removed(generations: Generations) -> None:
    current = publish(generations, "one")
    coming = current.directory.with_name("00000002")
    coming.mkdir()

    generations.remove_superseded()

    assert coming.exists()


def test_only_one_process_may_write(generations: Generations) -> None:
    lock = generations.take_writing()
    with pytest.raises(ConfigurationError, match="Another `ragspace ingest`"):
        generations.take_writing()
    lock.release()

    generations.take_writing().release()


def test_a_directory_that_cannot_be_written_is_told_with_its_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ConfigurationError) as raised:
        Generations(tmp_path / "file" / "docs").take_writing()

    assert "RAGSPACE_DATA_DIR" in raised.value.action


def test_a_copy_has_the_same_bytes_and_the_same_holes(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "segments").mkdir(parents=True)
    size = 64 * 1024 * 1024
    with (source / "segments" / "page.dat").open("wb") as file:
        file.write(b"head")
        file.seek(size // 2)
        file.write(b"middle")
        file.truncate(size)
    (source / "empty").touch()

    copy_shard(source, tmp_path / "copy")

    copied = tmp_path / "copy" / "segments" / "page.dat"
    assert (tmp_path / "copy" / "empty").stat().st_size == 0
    assert copied.stat().st_size == size
    assert copied.stat().st_blocks <= (source / "segments" / "page.dat").stat().st_blocks
    with copied.open("rb") as file:
        assert file.read(8) == b"head\0\0\0\0"
        assert os.pread(file.fileno(), 8, size // 2) == b"middle\0\0"


@pytest.mark.parametrize("content", ["{", "{}", '{"embedding_model": 1, "unknown": 2}'])
def test_a_damaged_manifest_is_no_manifest(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)

    with pytest.raises(ValueError, match=r".+"):
        Manifest.read(tmp_path)
