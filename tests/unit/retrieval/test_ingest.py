"""Runs of ingest from files to what is searched, over the real engine."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ragspace.documents import reader
from ragspace.documents.read_cache import ReadCache
from ragspace.documents.reader import Document
from ragspace.errors import ConfigurationError, QuotaExceeded
from ragspace.models.protocols import Purpose, Vector
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.ingest import BATCH, IngestSummary, ingest
from ragspace.retrieval.protocols import SparseVector
from tests.support.embedding import WordEmbedder
from tests.support.indexing import add, ask, fill
from tests.support.passages import passage


def count_tokens(text: str) -> int:
    return len(text.split())


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[EdgeIndex]:
    opened = EdgeIndex(tmp_path / "data", "docs")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "sensors").mkdir(parents=True)
    (folder / "sensors" / "lidar.md").write_text("# LiDAR\n\nMeasures distance with light.\n")
    (folder / "sensors" / "camera.md").write_text("# Camera\n\nSees colour.\n\n## Speed\n\nTakes 40 ms.\n")
    return folder


async def run(
    index: EdgeIndex, *paths: Path, embedder: WordEmbedder | None = None, rebuild: bool = False
) -> IngestSummary:
    summary = await ingest(paths, index, embedder or WordEmbedder(), count_tokens, rebuild=rebuild)
    await index.refresh()
    return summary


async def files(index: EdgeIndex) -> set[str]:
    found = await index.search(WordEmbedder().vector("anything"), SparseVector([], []), 1000)
    return {candidate.passage.file for candidate in found.ranked}


async def test_a_folder_of_documents_is_searchable_after_one_run(index: EdgeIndex, docs: Path) -> None:
    summary = await run(index, docs)

    assert (summary.collection, summary.files, summary.embedded) == ("docs", 2, 3)
    assert (summary.kept, summary.removed, summary.skipped) == (0, 0, ())
    found = await ask(index, "Which sensor measures distance with light?", WordEmbedder(), limit=1)
    assert "docs/sensors/lidar.md" in {candidate.passage.file for candidate in found.values()}


async def test_running_it_again_embeds_and_publishes_nothing(index: EdgeIndex, docs: Path) -> None:
    await run(index, docs)
    generation, again = index.generation, WordEmbedder()

    summary = await run(index, docs, embedder=again)

    assert (summary.embedded, summary.kept, summary.removed) == (0, 3, 0)
    assert again.texts == []
    assert index.generation == generation


async def test_only_what_changed_is_embedded_and_what_is_gone_is_removed(
    index: EdgeIndex, docs: Path
) -> None:
    await run(index, docs)
    (docs / "sensors" / "lidar.md").unlink()
    (docs / "sensors" / "camera.md").write_text("# Camera\n\nSees colour.\n\n## Speed\n\nTakes 20 ms.\n")
    (docs / "radar.md").write_text("# Radar\n\nMeasures speed.\n")
    again = WordEmbedder()

    summary = await run(index, docs, embedder=again)

    assert (summary.embedded, summary.kept, summary.removed) == (2, 1, 2)
    assert sorted(again.texts) == ["Camera > Speed\nTakes 20 ms.", "Radar\nMeasures speed."]
    assert await files(index) == {"docs/radar.md", "docs/sensors/camera.md"}


async def test_what_did_not_change_is_not_parsed_again(
    index: EdgeIndex, docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ReadCache(tmp_path / "read.sqlite")
    await ingest([docs], index, WordEmbedder(), count_tokens, cache=cache)
    (docs / "sensors" / "lidar.md").write_text("# LiDAR\n\nMeasures distance in the dark.\n")
    parsed: list[str] = []
    parse = reader._document

    def counted(file: str, *arguments: Any) -> Document:
        parsed.append(file)
        return parse(file, *arguments)

    monkeypatch.setattr(reader, "_document", counted)
    summary = await ingest([docs], index, embedder := WordEmbedder(), count_tokens, cache=cache)

    assert parsed == ["docs/sensors/lidar.md"]
    assert embedder.texts == ["LiDAR\nMeasures distance in the dark."]
    assert (summary.files, summary.embedded, summary.kept, summary.removed) == (2, 1, 2, 1)

    await index.refresh()
    summary = await ingest([docs], index, WordEmbedder(), count_tokens, rebuild=True, cache=cache)
    assert (summary.embedded, summary.kept) == (3, 0)


async def test_other_folders_keep_their_passages(index: EdgeIndex, docs: Path, tmp_path: Path) -> None:
    other = tmp_path / "docs-of-another"
    other.mkdir()
    (other / "a.md").write_text("# Other\n\nText.\n")
    await run(index, docs)

    summary = await run(index, other)

    assert summary.removed == 0
    assert await files(index) == {
        "docs/sensors/lidar.md",
        "docs/sensors/camera.md",
        "docs-of-another/a.md",
    }


async def test_a_single_file_replaces_only_itself(index: EdgeIndex, docs: Path) -> None:
    await run(index, docs)
    lidar = docs / "sensors" / "lidar.md"
    lidar.write_text("# LiDAR\n\nAnother text.\n")

    summary = await run(index, lidar)

    # A file named alone bears the name of its own folder, not of one further up.
    assert (summary.files, summary.embedded, summary.removed) == (1, 1, 0)
    assert "sensors/lidar.md" in await files(index)


async def test_what_cannot_be_read_is_named_and_the_rest_goes_in(index: EdgeIndex, docs: Path) -> None:
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7 but not really")

    summary = await run(index, docs)

    assert [skipped.file for skipped in summary.skipped] == ["docs/broken.pdf"]
    assert summary.embedded == 3


async def test_an_emptied_file_loses_its_passages(index: EdgeIndex, docs: Path) -> None:
    await run(index, docs)
    (docs / "sensors" / "lidar.md").write_text("")

    assert (await run(index, docs)).removed == 1


async def test_a_file_that_cannot_be_opened_keeps_what_was_read_of_it(
    index: EdgeIndex, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run(index, docs)
    read_bytes = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "lidar.md":
            raise PermissionError(13, "Permission denied")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    summary = await run(index, docs)

    assert [skipped.file for skipped in summary.skipped] == ["docs/sensors/lidar.md"]
    assert summary.removed == 0
    assert "docs/sensors/lidar.md" in await files(index)


async def test_a_run_that_reads_nothing_changes_nothing(index: EdgeIndex, docs: Path) -> None:
    await run(index, docs)
    for file in (docs / "sensors").iterdir():
        file.unlink()

    summary = await run(index, docs)

    assert (summary.files, summary.removed) == (0, 0)
    assert len(await files(index)) == 2


async def test_a_dry_run_counts_and_changes_nothing(index: EdgeIndex, docs: Path) -> None:
    await run(index, docs)
    (docs / "sensors" / "lidar.md").write_text("# LiDAR\n\nAnother text.\n")
    embedder, generation = WordEmbedder(), index.generation

    summary = await ingest([docs], index, embedder, count_tokens, dry_run=True)

    assert (summary.embedded, summary.kept, summary.removed, summary.dry_run) == (1, 2, 1, True)
    assert embedder.texts == []
    await index.refresh()
    assert index.generation == generation
    assert (await run(index, docs)).embedded == 1


async def test_a_path_that_does_not_exist_is_told_before_anything_is_written(
    index: EdgeIndex, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="There is no file or folder"):
        await run(index, tmp_path / "nowhere")

    assert not (tmp_path / "data").exists()


class QuotaForBatches(WordEmbedder):
    """An embedder whose quota is spent after `batches` calls."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.batches = batches

    async def embed(self, texts: Sequence[str], *, purpose: Purpose, dimensions: int) -> list[Vector]:
        if self.batches == 0:
            raise QuotaExceeded
        self.batches -= 1
        return await super().embed(texts, purpose=purpose, dimensions=dimensions)


async def test_a_run_that_fails_half_way_is_gone_on_with_and_nothing_is_lost(
    index: EdgeIndex, docs: Path
) -> None:
    await run(index, docs)
    many = "\n\n".join(f"## Part {number}\n\nText {number}." for number in range(3 * BATCH))
    (docs / "many.md").write_text(f"# Many\n\n{many}\n")
    with pytest.raises(QuotaExceeded):
        await run(index, docs, embedder=QuotaForBatches(2))
    await index.refresh()
    assert "docs/many.md" not in await files(index)
    second = WordEmbedder()

    summary = await run(index, docs, embedder=second)

    assert summary.embedded == len(second.texts) == BATCH
    assert (await index.state()).passages == 3 + 3 * BATCH


async def test_a_run_killed_before_it_was_published_is_published_by_the_next(
    index: EdgeIndex, docs: Path
) -> None:
    await run(index, docs)
    writer = await index.begin("words", 64)
    await add(writer, [passage("later", file="docs/later.md", heading="Later")], WordEmbedder())
    await writer.close()
    (docs / "later.md").write_text("# Later\n\nlater\n")

    await run(index, docs)

    assert "docs/later.md" in await files(index)


async def test_a_collection_of_another_model_is_refused_and_a_rebuild_mends_it(
    index: EdgeIndex, docs: Path
) -> None:
    await run(index, docs)
    other = WordEmbedder("other words", 32)

    with pytest.raises(ConfigurationError) as raised:
        await run(index, docs, embedder=other)
    assert "ragspace ingest --rebuild" in raised.value.action

    summary = await run(index, docs, embedder=other, rebuild=True)
    assert summary.embedded == 3
    assert (await index.state()).embedding_model == "other words"


async def test_an_existing_collection_keeps_its_dimensions(index: EdgeIndex, docs: Path) -> None:
    await fill(index, [passage("lidar")], WordEmbedder(dimensions=64))

    await run(index, docs, embedder=WordEmbedder(dimensions=32))

    assert (await index.state()).dimensions == 64


async def test_the_sample_corpus_gives_way_to_the_first_documents(index: EdgeIndex, docs: Path) -> None:
    sampled = WordEmbedder("other words", 32)
    writer = await index.begin_shipped(sampled.model, 32, "key", sample=True)
    await add(writer, [passage("sample")], sampled)
    await writer.publish()
    await writer.close()

    await run(index, docs)

    assert await files(index) == {"docs/sensors/lidar.md", "docs/sensors/camera.md"}


async def test_progress_is_told_after_every_document(index: EdgeIndex, docs: Path) -> None:
    told: list[IngestSummary] = []

    await ingest([docs], index, WordEmbedder(), count_tokens, progress=told.append)

    assert [step.files for step in told] == [1, 2, 2]
    assert told[-1].embedded == 3


async def test_another_process_may_ingest_while_the_server_searches(
    index: EdgeIndex, docs: Path, tmp_path: Path
) -> None:
    await run(index, docs)
    (docs / "radar.md").write_text("# Radar\n\nMeasures speed.\n")
    beside = EdgeIndex(tmp_path / "data", "docs")

    summary = await ingest([docs], beside, WordEmbedder(), count_tokens)
    await beside.close()

    assert summary.embedded == 1
    assert await index.refresh() is True
    assert "docs/radar.md" in await files(index)


async def test_the_chat_is_answered_while_a_run_writes(index: EdgeIndex, docs: Path) -> None:
    await run(index, docs)
    (docs / "more.md").write_text("# More\n\n" + "\n\n".join(f"## {n}\n\nText {n}." for n in range(200)))

    writing = asyncio.create_task(run(index, docs))
    answered = 0
    while not writing.done():
        assert await ask(index, "distance", WordEmbedder(), limit=1)
        answered += 1
        await asyncio.sleep(0)

    assert answered > 1
    assert (await writing).embedded == 200
