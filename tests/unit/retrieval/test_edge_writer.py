"""Runs of ingest over the real engine: killed, resumed, concurrent, repeated."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ragspace.errors import ConfigurationError, RetrievalUnavailable
from ragspace.retrieval.edge import EdgeIndex
from tests.support.embedding import WordEmbedder
from tests.support.indexing import add, ask, fill
from tests.support.passages import passage

EMBEDDER = WordEmbedder()


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[EdgeIndex]:
    opened = EdgeIndex(tmp_path, "docs")
    await opened.open()
    yield opened
    await opened.close()


def generations(directory: Path) -> list[str]:
    return sorted(entry.name for entry in (directory / "docs" / "generations").iterdir())


async def test_a_run_builds_on_what_is_searched(index: EdgeIndex) -> None:
    await fill(index, [passage("lidar"), passage("camera")], EMBEDDER)
    writer = await index.begin("words", 64)
    assert await writer.known() == {p.id: p.file for p in (passage("lidar"), passage("camera"))}

    await add(writer, [passage("radar")], EMBEDDER)
    await writer.remove([passage("camera").id])
    await writer.publish()
    await writer.close()

    await index.refresh()
    assert set(await ask(index, "anything", EMBEDDER)) == {"lidar", "radar"}
    assert (await index.state()).passages == 2


async def test_a_run_that_changes_nothing_publishes_nothing(index: EdgeIndex, tmp_path: Path) -> None:
    await fill(index, [passage("lidar")], EMBEDDER)
    await fill(index, [], EMBEDDER)

    assert generations(tmp_path) == ["00000001"]
    assert not (tmp_path / "docs" / "building").exists()


async def test_a_run_that_ends_early_is_gone_on_with(index: EdgeIndex) -> None:
    await fill(index, [passage("lidar")], EMBEDDER)
    writer = await index.begin("words", 64)
    await add(writer, [passage("camera")], EMBEDDER)
    await writer.close()

    writer = await index.begin("words", 64)
    assert set(await writer.known()) == {passage("lidar").id, passage("camera").id}
    await writer.publish()
    await writer.close()

    await index.refresh()
    assert set(await ask(index, "anything", EMBEDDER)) == {"lidar", "camera"}


async def test_an_unfinished_run_of_another_model_is_discarded(index: EdgeIndex) -> None:
    writer = await index.begin("words", 64)
    await add(writer, [passage("camera")], EMBEDDER)
    await writer.close()

    writer = await index.begin("other words", 64)
    assert await writer.known() == {}
    await writer.close()


async def test_an_unfinished_run_whose_files_are_damaged_is_discarded(
    index: EdgeIndex, tmp_path: Path
) -> None:
    writer = await index.begin("words", 64)
    await add(writer, [passage("camera")], EMBEDDER)
    await writer.close()
    for segment in (tmp_path / "docs" / "building" / "shard" / "segments").iterdir():
        (segment / "segment.json").write_text("{")

    writer = await index.begin("words", 64)
    assert await writer.known() == {}
    await writer.close()


WRITE_UNTIL_KILLED = """
import asyncio, sys
from pathlib import Path
from ragspace.retrieval.edge import EdgeIndex
from tests.support.embedding import WordEmbedder
from tests.support.indexing import add
from tests.support.passages import passage

async def main():
    writer = await EdgeIndex(Path(sys.argv[1]), "docs").begin("words", 64)
    for number in range(100_000):
        await add(writer, [passage(f"written {number} {part}") for part in range(8)], WordEmbedder())
        print(number, flush=True)

asyncio.run(main())
"""


async def test_a_killed_run_keeps_every_batch_and_the_searched_index(
    index: EdgeIndex, tmp_path: Path
) -> None:
    await fill(index, [passage("lidar")], EMBEDDER)
    await index.refresh()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WRITE_UNTIL_KILLED, str(tmp_path)),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert process.stdout is not None
    while int(await process.stdout.readline()) < 5:
        pass
    with pytest.raises(ConfigurationError, match="Another `ragspace ingest`"):
        await index.begin("words", 64)
    process.send_signal(signal.SIGKILL)
    rest = await process.stdout.read()
    await process.wait()
    batches = 1 + int(rest.split()[-1] if rest else 5)

    assert set(await ask(index, "anything", EMBEDDER)) == {"lidar"}
    writer = await index.begin("words", 64)
    assert len(await writer.known()) >= 1 + 8 * batches
    await writer.publish()
    await writer.close()
    assert (await index.state()).passages >= 1 + 8 * batches


async def test_a_rebuild_starts_from_nothing_and_may_change_the_model(index: EdgeIndex) -> None:
    await fill(index, [passage("lidar")], EMBEDDER)
    other = WordEmbedder("other words", 32)

    await fill(index, [passage("camera")], other, rebuild=True)

    state = await index.state()
    assert (state.embedding_model, state.dimensions, state.passages) == ("other words", 32, 1)


@pytest.mark.parametrize(
    ("model", "dimensions", "reason"),
    [("other words", 64, "embedding_model_mismatch"), ("words", 32, "dimension_mismatch")],
)
async def test_another_model_is_refused_without_a_rebuild(
    index: EdgeIndex, model: str, dimensions: int, reason: str
) -> None:
    await fill(index, [passage("lidar")], EMBEDDER)

    with pytest.raises(RetrievalUnavailable) as raised:
        await index.begin(model, dimensions)

    assert raised.value.reason == reason
    assert "ragspace ingest --rebuild" in raised.value.action
    await (await index.begin("words", 64)).close()


async def test_documents_replace_the_sample_corpus_whatever_its_model(index: EdgeIndex) -> None:
    writer = await index.begin_shipped("other words", 32, "key", sample=True)
    await add(writer, [passage("sample")], WordEmbedder("other words", 32))
    await writer.publish()
    await writer.close()
    assert (await index.state()).sample is True

    await fill(index, [passage("lidar")], EMBEDDER)

    assert (await index.state()).sample is False
    assert set(await ask(index, "anything", EMBEDDER)) == {"lidar"}


async def test_the_sample_corpus_never_replaces_documents(index: EdgeIndex) -> None:
    await fill(index, [passage("lidar")], EMBEDDER)

    with pytest.raises(ConfigurationError):
        await index.begin_shipped("words", 64, "key", sample=True)

    await (await index.begin("words", 64)).close()


async def test_the_sample_corpus_leaves_an_unfinished_run_alone(index: EdgeIndex) -> None:
    writer = await index.begin("words", 64)
    await add(writer, [passage("lidar")], EMBEDDER)
    await writer.close()

    sample = await index.begin_shipped("words", 64, "key", sample=True)
    await add(sample, [passage("sample")], EMBEDDER)
    await sample.publish()
    await sample.close()

    writer = await index.begin("words", 64)
    assert set(await writer.known()) == {passage("lidar").id}
    await writer.close()


async def test_a_closed_writer_writes_no_more(index: EdgeIndex) -> None:
    writer = await index.begin("words", 64)
    await writer.close()
    await writer.close()

    with pytest.raises(RetrievalUnavailable):
        await writer.known()
