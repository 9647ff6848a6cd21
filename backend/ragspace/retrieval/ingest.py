"""Documents into the index: only what changed is embedded, what is gone is removed, nothing is lost."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from ragspace.documents.passage import CountTokens, Passage
from ragspace.documents.read_cache import ReadCache
from ragspace.documents.reader import (
    Document,
    SkippedFile,
    Unchanged,
    read_changed_documents,
    read_documents,
)
from ragspace.documents.scope import Scope
from ragspace.errors import ConfigurationError, RetrievalUnavailable
from ragspace.models.protocols import Embedder
from ragspace.retrieval.compatibility import ensure_compatible
from ragspace.retrieval.failures import REBUILD
from ragspace.retrieval.protocols import IndexWriter, PassageIndex, SparseVector
from ragspace.retrieval.terms import index_terms

BATCH = 100
"""Passages embedded and written at a time: what a killed run loses at most, and what Gemini takes at once."""

CHARACTERS_PER_TOKEN = 4
"""Of a heading path, whose tokens no passage counts."""

Found = Document | SkippedFile | Unchanged


@dataclass(frozen=True, slots=True)
class IngestSummary:
    """What a run did, or with `dry_run` would do. The counts are of passages, but for `files`; `tokens` is
    about how many the embedded ones have."""

    collection: str
    files: int = 0
    embedded: int = 0
    tokens: int = 0
    kept: int = 0
    removed: int = 0
    skipped: tuple[SkippedFile, ...] = ()
    seconds: float = 0.0
    dry_run: bool = False


Progress = Callable[[IngestSummary], None]
"""Called after every document with what was done so far."""


async def ingest(
    paths: Sequence[Path],
    index: PassageIndex,
    embedder: Embedder,
    count_tokens: CountTokens,
    *,
    rebuild: bool = False,
    drop_old: bool = False,
    dry_run: bool = False,
    cache: ReadCache | None = None,
    progress: Progress = lambda _: None,
) -> IngestSummary:
    """Bring the collection up to the documents at `paths`; files outside of them keep their passages.

    `index` need not be open, and a built-in one must not be: opening it claims the right to search it, which
    a running server has. A run that fails or is killed leaves what it wrote for the next one to go on with.
    A run that reads no document at all changes nothing. With `cache`, which is opened and closed here, a
    file that did not change since the last run is not parsed either.

    Raises ConfigurationError for a path that does not exist, a second `ingest` at the same time or a
    collection that another model made; RetrievalUnavailable or QuotaExceeded from the index or the embedder.
    """
    run = IngestRun(index.collection, Scope(paths), embedder, dry_run=dry_run, progress=progress)
    dimensions = embedder.default_dimensions if rebuild else await _dimensions(index, embedder)
    writer = await index.begin(embedder.model, dimensions, rebuild=rebuild)
    try:
        known = await writer.known()
        documents: Iterator[Found] = read_documents(paths, count_tokens)
        if cache is not None:
            await asyncio.to_thread(cache.open)
            documents = read_changed_documents(paths, count_tokens, cache, known)
        await run.write(documents, known, writer, dimensions)
        if run.files and not dry_run:
            await writer.publish(drop_old=drop_old)
    finally:
        await writer.close()
        if cache is not None:
            await asyncio.to_thread(cache.close)
    return run.summary()


async def _dimensions(index: PassageIndex, embedder: Embedder) -> int:
    """Those of the collection that is there, or of a new one.

    Raises ConfigurationError, since trying again does not help, where the collection is another model's.
    """
    try:
        state = await index.state()
        if not state.sample:
            state = await ensure_compatible(index, embedder)
            return state.dimensions
    except RetrievalUnavailable as error:
        if error.reason == "collection_missing":
            return embedder.default_dimensions
        if error.reason in ("embedding_model_mismatch", "dimension_mismatch"):
            raise ConfigurationError(
                f"The collection was made with another embedding model than {embedder.model}.",
                action=error.action if REBUILD in error.action else f"Run `{REBUILD}`.",
            ) from None
        raise
    return embedder.default_dimensions


class IngestRun:
    """The state of one run: what it has seen, and what waits to be embedded."""

    def __init__(
        self,
        collection: str,
        scope: Scope,
        embedder: Embedder,
        *,
        dry_run: bool = False,
        progress: Progress = lambda _: None,
    ) -> None:
        self.files = 0
        self._collection = collection
        self._scope = scope
        self._embedder = embedder
        self._dry_run = dry_run
        self._progress = progress
        self._started = time.monotonic()
        self._pending: list[Passage] = []
        self._skipped: list[SkippedFile] = []
        self._embedded = self._tokens = self._kept = self._removed = 0

    async def write(
        self, documents: Iterator[Found], known: dict[UUID, str], writer: IndexWriter, dimensions: int
    ) -> None:
        """Add what is new, then remove what is gone: a search in between finds the old, never nothing.

        `known` is what `writer` knows; what is found in the documents is taken out of it.
        """
        async with aclosing(_read_ahead(documents)) as read:
            async for document in read:
                if isinstance(document, SkippedFile):
                    self._skipped.append(document)
                    continue
                self.files += 1
                if isinstance(document, Unchanged):
                    self._keep(document.passages, known)
                else:
                    self._take(document.passages, known)
                while len(self._pending) >= BATCH:
                    await self._flush(writer, dimensions)
                self._progress(self.summary())
        await self._flush(writer, dimensions)
        if self.files:
            await self._remove_gone(known, writer)
        self._progress(self.summary())

    def summary(self) -> IngestSummary:
        return IngestSummary(
            collection=self._collection,
            files=self.files,
            embedded=self._embedded,
            tokens=self._tokens,
            kept=self._kept,
            removed=self._removed,
            skipped=tuple(self._skipped),
            seconds=time.monotonic() - self._started,
            dry_run=self._dry_run,
        )

    def _take(self, passages: Sequence[Passage], known: dict[UUID, str]) -> None:
        """Ids tell the file too, so that only passages of one document can be the same."""
        by_id = {passage.id: passage for passage in passages}
        kept = by_id.keys() & known.keys()
        self._keep(kept, known)
        self._pending += [passage for passage_id, passage in by_id.items() if passage_id not in kept]

    def _keep(self, ids: Collection[UUID], known: dict[UUID, str]) -> None:
        self._kept += len(ids)
        for passage_id in ids:
            known.pop(passage_id, None)

    async def _flush(self, writer: IndexWriter, dimensions: int) -> None:
        batch, self._pending = self._pending[:BATCH], self._pending[BATCH:]
        if batch and not self._dry_run:
            texts = [passage.text_to_embed for passage in batch]
            vectors = await self._embedder.embed(texts, purpose="passage", dimensions=dimensions)
            await writer.add(batch, vectors, await asyncio.to_thread(_terms_of_all, batch))
        self._embedded += len(batch)
        self._tokens += sum(map(_tokens_to_embed, batch))

    async def _remove_gone(self, known: dict[UUID, str], writer: IndexWriter) -> None:
        """A file, or all of a folder, that could not be opened keeps what was read of it before."""
        unopened = [skipped.file for skipped in self._skipped if skipped.unopened]
        files = frozenset(unopened)
        folders = tuple(file for file in unopened if file.endswith("/"))
        gone = [
            passage_id
            for passage_id, file in known.items()
            if file in self._scope and file not in files and not file.startswith(folders)
        ]
        if not self._dry_run:
            await writer.remove(gone)
        self._removed = len(gone)


async def _read_ahead(
    documents: Iterator[Found],
) -> AsyncGenerator[Found, None]:
    """Read each document in a thread while the one before it is embedded."""

    def read() -> asyncio.Task[Found | None]:
        return asyncio.create_task(asyncio.to_thread(next, documents, None))

    reading = read()
    try:
        while (document := await reading) is not None:
            reading = read()
            yield document
    finally:
        reading.cancel()


def _tokens_to_embed(passage: Passage) -> int:
    return passage.token_count + len(passage.heading) // CHARACTERS_PER_TOKEN


def _terms_of_all(passages: Sequence[Passage]) -> list[SparseVector]:
    return [index_terms(passage) for passage in passages]
