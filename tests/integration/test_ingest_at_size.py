"""What the benchmark of ingestion measures at full size: here counted, on a small corpus of the same kind."""

import asyncio
import gc
import os
import signal
import sys
import tracemalloc
from pathlib import Path

import pytest

from benchmarks.corpus import write_corpus
from benchmarks.seeded import SeededEmbedder
from ragspace import documents
from ragspace.documents.read_cache import ReadCache
from ragspace.documents.reader import Document, read_documents
from ragspace.models.minilm import count_tokens
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.ingest import BATCH, IngestSummary, ingest
from ragspace.retrieval.terms import question_terms

FILES = 60
CHANGED = "part-000/page-00030.md"
KILLED_AFTER = 3
"""Batches."""
READING = str(Path(documents.__path__[0]) / "*")
"""Where what is read is made: the memory of other tests' threads does not count."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("corpus") / "docs"
    write_corpus(root, FILES)
    return root


@pytest.fixture
def index(tmp_path: Path) -> EdgeIndex:
    return EdgeIndex(tmp_path, "docs")


async def run(corpus: Path, index: EdgeIndex, data: Path, embedder: SeededEmbedder) -> IngestSummary:
    return await ingest([corpus], index, embedder, count_tokens, cache=ReadCache(data / "reading.sqlite"))


def passages(root: Path) -> int:
    read = list(read_documents([root], count_tokens))
    assert all(isinstance(document, Document) for document in read)
    return sum(len(document.passages) for document in read if isinstance(document, Document))


def test_the_corpus_is_always_the_same_and_a_larger_one_begins_with_it(corpus: Path, tmp_path: Path) -> None:
    write_corpus(tmp_path / "docs", 3)
    for file in (tmp_path / "docs").rglob("*.md"):
        assert file.read_bytes() == (corpus / file.relative_to(tmp_path / "docs")).read_bytes()


def test_reading_holds_one_document_at_a_time(corpus: Path) -> None:
    largest = 0
    tracemalloc.start()
    try:
        for document in read_documents([corpus], count_tokens):
            assert isinstance(document, Document)
            largest = max(largest, sum(sys.getsizeof(passage.content) for passage in document.passages))
        del document
        gc.collect()
        held = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, READING)])
    finally:
        tracemalloc.stop()
    assert sum(trace.size for trace in held.traces) < 4 * largest


WRITE_UNTIL_KILLED = """
import asyncio, sys
from pathlib import Path
from benchmarks.seeded import SeededEmbedder
from ragspace.models.minilm import count_tokens
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.ingest import ingest

class Stalling(SeededEmbedder):
    async def embed(self, texts, **options):
        if self.embedded >= int(sys.argv[3]):
            print("stalled", flush=True)
            await asyncio.sleep(3600)
        return await super().embed(texts, **options)

index = EdgeIndex(Path(sys.argv[2]), "docs")
asyncio.run(ingest([Path(sys.argv[1])], index, Stalling(), count_tokens))
"""


async def test_a_run_after_kill_9_embeds_only_what_was_not_written(
    corpus: Path, index: EdgeIndex, tmp_path: Path
) -> None:
    written = KILLED_AFTER * BATCH
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WRITE_UNTIL_KILLED, str(corpus), str(tmp_path), str(written)),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"stalled\n"
    process.send_signal(signal.SIGKILL)
    await process.wait()

    summary = await run(corpus, index, tmp_path, embedder := SeededEmbedder())

    assert (summary.files, summary.kept, summary.removed) == (FILES, written, 0)
    assert embedder.embedded == summary.embedded == passages(corpus) - written
    assert (await index.state()).passages == passages(corpus)
    await index.close()


async def test_a_changed_file_alone_is_embedded_and_every_passage_is_found(
    corpus: Path, index: EdgeIndex, tmp_path: Path
) -> None:
    before = (await run(corpus, index, tmp_path, SeededEmbedder())).embedded
    original = (corpus / CHANGED).read_text()
    (corpus / CHANGED).write_text(original + "\n## Gyroscope\n\nMeasures how fast the robot turns.\n")
    try:
        summary = await run(corpus, index, tmp_path, embedder := SeededEmbedder())
        assert (summary.embedded, summary.kept, summary.removed) == (1, before, 0)
        assert embedder.embedded == 1
    finally:
        (corpus / CHANGED).write_text(original)

    await index.open()
    question = "How fast does the robot turn, which gyroscope measures?"
    (vector,) = await embedder.embed([question], purpose="question", dimensions=384)
    found = await index.search(vector, question_terms(question), 5)
    best = max(found.ranked, key=lambda candidate: candidate.lexical)
    await index.close()
    assert (best.passage.file, best.passage.heading_path[-1]) == (f"docs/{CHANGED}", "Gyroscope")
