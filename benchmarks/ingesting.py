"""`python -m benchmarks.ingesting STEP ARGUMENT …`: one step of the benchmark of ingestion, in a process of
its own, so that its memory is its own; it prints a line of JSON per measurement."""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import psutil

from benchmarks.seeded import DIMENSIONS, SeededEmbedder
from ragspace.documents.read_cache import ReadCache
from ragspace.documents.reader import Document, read_documents
from ragspace.models.minilm import MiniLMEmbedder, count_tokens
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.ingest import BATCH, IngestSummary, ingest
from ragspace.retrieval.terms import question_terms

COLLECTION = "docs"
LINES = 20
"""Lines of progress in one step."""
QUESTIONS = 1000
QUESTION_WORDS = 8
CANDIDATES = 20


def read(root: Path, files: int) -> None:
    """Reading alone."""
    said = _Said(files)
    passages = 0
    for number, document in enumerate(read_documents([root], count_tokens), start=1):
        if isinstance(document, Document):
            passages += len(document.passages)
        said.progress(number, passages=passages)


def embed(root: Path, sample: int) -> None:
    """The built-in model, on passages from all over the corpus."""

    def texts() -> Iterator[str]:
        for folder in sorted(root.iterdir()):
            for document in read_documents([min(folder.iterdir())], count_tokens):
                if isinstance(document, Document):
                    yield from (passage.text_to_embed for passage in document.passages)

    async def measure() -> None:
        embedder = MiniLMEmbedder()
        await embedder.open()
        batch = list(islice(texts(), sample))
        before, started = psutil.Process().cpu_times(), time.perf_counter()
        for start in range(0, len(batch), BATCH):
            await embedder.embed(batch[start : start + BATCH], purpose="passage", dimensions=DIMENSIONS)
        seconds, after = time.perf_counter() - started, psutil.Process().cpu_times()
        await embedder.close()
        busy = after.user + after.system - before.user - before.system
        _say(passages=len(batch), seconds=seconds, cores=busy / seconds)

    asyncio.run(measure())


def write(root: Path, data: Path, files: int) -> None:
    """A run of ingest; `published` is the time that the last step took."""
    said = _Said(files)
    last = 0.0

    def progress(done: IngestSummary) -> None:
        nonlocal last
        last = time.perf_counter()
        said.progress(done.files, embedded=done.embedded, kept=done.kept)

    async def measure() -> None:
        embedder = SeededEmbedder()
        index, cache = EdgeIndex(data, COLLECTION), ReadCache(data / "reading.sqlite")
        done = await ingest([root], index, embedder, count_tokens, cache=cache, progress=progress)
        await index.close()
        _say(
            embedded=done.embedded,
            kept=done.kept,
            removed=done.removed,
            embedding=embedder.seconds,
            seconds=done.seconds,
            published=time.perf_counter() - last,
        )

    asyncio.run(measure())


def search(root: Path, data: Path) -> None:
    """Hybrid search, as a server that was just started does it; words are drawn from files of the corpus."""
    import numpy as np

    random = np.random.default_rng(1)
    files = sorted(root.rglob("*.md"))

    async def measure() -> None:
        embedder, index = SeededEmbedder(), EdgeIndex(data, COLLECTION)
        await index.open()
        seconds = []
        for _ in range(QUESTIONS):
            words = files[random.integers(len(files))].read_text().split()
            question = " ".join(random.choice(words, QUESTION_WORDS))
            (vector,) = await embedder.embed([question], purpose="question", dimensions=DIMENSIONS)
            terms = question_terms(question)
            started = time.perf_counter()
            await index.search(vector, terms, CANDIDATES)
            seconds.append(time.perf_counter() - started)
        passages = (await index.state()).passages
        await index.close()
        _say(passages=passages, first=_quantiles(seconds[:200]), then=_quantiles(seconds[200:]), **_memory())

    asyncio.run(measure())


class _Said:
    def __init__(self, files: int) -> None:
        self._step = max(1, files // LINES)
        self._started = time.perf_counter()

    def progress(self, files: int, **counts: int) -> None:
        if files % self._step == 0:
            _say(files=files, seconds=time.perf_counter() - self._started, **counts, **_memory())


def _memory() -> dict[str, int]:
    """Bytes in all, and those among them that are no file's (Linux)."""
    memory = psutil.Process().memory_info()
    return {"rss": memory.rss, "anonymous": memory.rss - memory.shared}


def _quantiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {"p50": ordered[len(ordered) // 2], "p99": ordered[len(ordered) * 99 // 100]}


def _say(**figures: object) -> None:
    print(json.dumps(figures), flush=True)


STEPS: dict[str, Callable[..., None]] = {
    "read": lambda root, files: read(Path(root), int(files)),
    "embed": lambda root, sample: embed(Path(root), int(sample)),
    "write": lambda root, data, files: write(Path(root), Path(data), int(files)),
    "search": lambda root, data: search(Path(root), Path(data)),
}

if __name__ == "__main__":
    STEPS[sys.argv[1]](*sys.argv[2:])
