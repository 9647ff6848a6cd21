"""The built-in index: the embedded Qdrant engine over generations on disk, in a thread of its own."""

import asyncio
import logging
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from ragspace.documents.passage import Passage
from ragspace.errors import ConfigurationError
from ragspace.models.protocols import Vector
from ragspace.retrieval.assessment import assess
from ragspace.retrieval.batch import Batch
from ragspace.retrieval.edge_writer import EdgeWriter, Shipped
from ragspace.retrieval.engine import EngineError, Shard
from ragspace.retrieval.failures import collection_missing, engine_failed
from ragspace.retrieval.generations import Generation, Generations, copy_shard
from ragspace.retrieval.joining import Sections
from ragspace.retrieval.locks import FileLock
from ragspace.retrieval.protocols import Candidate, Found, IndexState, SparseVector

if TYPE_CHECKING:
    from ragspace.retrieval.flat import FlatIndex, Sought

log = logging.getLogger(__name__)

R = TypeVar("R")

SMALL = 2_000
"""Passages: an index of so many is searched in less than a millisecond, and takes 9 MB as columns. The way to
a thread and back takes as long, and longer where the interpreter is busy."""


@dataclass(eq=False)
class _Opened:
    """A generation that is open, how many queries run on it, and whether it was replaced. `flat` holds all of
    a small one."""

    generation: Generation
    shard: Shard
    lock: FileLock | None
    scratch: tempfile.TemporaryDirectory[str] | None
    flat: "FlatIndex | None" = None
    users: int = 0
    retired: bool = False

    def close(self) -> None:
        try:
            self.shard.close()
        finally:
            if self.lock is not None:
                self.lock.release()
            if self.scratch is not None:
                self.scratch.cleanup()


@dataclass
class _Held:
    """What is open now. Queries borrow it in their own thread, so that it is closed after the last of them,
    also when the task that asked was cancelled."""

    opened: _Opened | None = None
    mutex: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def borrowed(self) -> Iterator[_Opened | None]:
        with self.mutex:
            opened = self.opened
            if opened is not None:
                opened.users += 1
        try:
            yield opened
        finally:
            if opened is not None:
                with self.mutex:
                    opened.users -= 1
                    last = opened.retired and opened.users == 0
                if last:
                    opened.close()

    def swap(self, new: _Opened | None) -> None:
        with self.mutex:
            old, self.opened = self.opened, new
            if old is not None:
                old.retired = True
            idle = old is not None and old.users == 0
        if old is not None and idle:
            old.close()


class EdgeIndex:
    """A PassageIndex under `directory`/`collection`, which it follows from generation to generation.

    One process searches a generation at a time. `read_only` opens an index in a directory that cannot be
    written (baked into an image): the engine maps its files for writing, so a copy in a temporary directory
    is opened instead, and no lock is taken. `in_memory` holds a small index there as columns, for which it
    loads NumPy.
    """

    embedded = True

    def __init__(
        self,
        directory: Path,
        collection: str,
        *,
        read_only: bool = False,
        in_memory: bool = True,
    ) -> None:
        self.collection = collection
        self._in_memory = in_memory
        self._generations = Generations(directory / collection)
        self._read_only = read_only
        self._held = _Held()
        self._searches = Batch(_search)
        self._searching = False
        self._stamp: tuple[int, int] | None = None
        self._failed_stamp: tuple[int, int] | None = None
        self._following = threading.Lock()
        self._executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="index")

    @property
    def generation(self) -> Generation | None:
        """The generation that is being searched."""
        opened = self._held.opened
        return None if opened is None else opened.generation

    @property
    def sections(self) -> Sections | None:
        flat = self._flat
        return None if flat is None else flat.sections

    @property
    def _flat(self) -> "FlatIndex | None":
        opened = self._held.opened
        return None if opened is None else opened.flat

    async def open(self) -> None:
        """Open the current generation, if there is one; again, it follows the pointer as `refresh` does.

        Raises ConfigurationError where another server searches it, RetrievalUnavailable where it is damaged.
        """
        self._searching = True
        await self.refresh()

    async def refresh(self) -> bool:
        """Follow the pointer to a newer generation; whether there was one. One `stat` where there is none.

        A newer generation that cannot be opened is logged, and the open one stays.
        """
        if self._generations.stamp() == self._stamp:
            return False
        if self._held.opened is None:
            return await self._run(self._follow)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, self._follow)
        except (EngineError, ConfigurationError, OSError, ValueError) as error:
            if self._failed_stamp != (stamp := self._generations.stamp()):
                self._failed_stamp = stamp
                log.warning("the new generation of the index cannot be opened: %s", error)
            return False

    async def state(self) -> IndexState:
        """Where the index is not open, as in `ingest` beside a running server, the manifest is asked."""
        if self._searching:
            await self.refresh()
            generation = self.generation
        else:
            generation = await self._run(self._generations.current)
        if generation is None:
            raise self._missing()
        manifest = generation.manifest
        return IndexState(
            collection=self.collection,
            passages=manifest.passages,
            dimensions=manifest.dimensions,
            embedding_model=manifest.embedding_model,
            sparse=True,
            sample=manifest.sample,
        )

    async def search(self, vector: Sequence[float], terms: SparseVector, limit: int) -> Found:
        if (flat := self._flat) is not None:
            with _told():
                return await self._searches.ask((flat, limit), (vector, terms))

        def search() -> tuple[list[Candidate], int]:
            with self._borrowed() as opened:
                return opened.shard.search(vector, terms, limit), opened.generation.manifest.passages

        candidates, indexed = await self._read(search)
        return assess(candidates, terms, indexed)

    async def passages(self, ids: Sequence[UUID]) -> list[Passage]:
        def passages() -> list[Passage]:
            with self._borrowed() as opened:
                return opened.shard.passages(ids)

        return await self._read(passages)

    async def sample(self) -> tuple[Passage, Vector] | None:
        def sample() -> tuple[Passage, Vector] | None:
            with self._borrowed() as opened:
                return opened.shard.sample()

        return await self._run(sample)

    async def contents(self) -> list[tuple[Passage, Vector]]:
        """Every passage with its stored vector, in no particular order."""

        def contents() -> list[tuple[Passage, Vector]]:
            with self._borrowed() as opened:
                return [(passage, vector) for passage, vector, _ in opened.shard.contents()]

        return await self._run(contents)

    async def adopt(self, embedding_model: str) -> None:
        def adopt() -> None:
            with self._held.borrowed() as opened:
                if opened is None:
                    raise self._missing()
                manifest = replace(opened.generation.manifest, embedding_model=embedding_model)
                if not self._read_only:
                    manifest.write(opened.generation.directory)
                opened.generation = replace(opened.generation, manifest=manifest)

        await self._run(adopt)

    async def begin(self, embedding_model: str, dimensions: int, *, rebuild: bool = False) -> EdgeWriter:
        """Raises ConfigurationError where another `ingest` runs, and the mismatch's RetrievalUnavailable."""
        return await self._run(
            lambda: EdgeWriter.start(self._generations, embedding_model, dimensions, rebuild=rebuild)
        )

    async def begin_shipped(
        self, embedding_model: str, dimensions: int, key: str, sample: bool
    ) -> EdgeWriter:
        """Start writing what came with the program, made from what `key` names.

        Raises ConfigurationError where there are documents already, or where another `ingest` runs.
        """
        shipped = Shipped(key, sample)
        return await self._run(
            lambda: EdgeWriter.start(self._generations, embedding_model, dimensions, shipped=shipped)
        )

    async def install(self, generation: Generation) -> None:
        """Publish a copy of `generation`, which stands elsewhere, in the place of nothing or of a sample.

        Raises ConfigurationError where there are documents already, or where another `ingest` runs.
        """
        await self._run(lambda: self._generations.install(generation))
        await self.refresh()

    async def close(self) -> None:
        self._searching = False
        await asyncio.to_thread(self._held.swap, None)
        self._stamp = None
        self._executor.shutdown(wait=False)

    async def _read(self, work: Callable[[], R]) -> R:
        """At once where the index is small, else in a thread."""
        generation = self.generation
        if generation is not None and generation.manifest.passages <= SMALL:
            with _told():
                return work()
        return await self._run(work)

    async def _run(self, work: Callable[[], R]) -> R:
        with _told():
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    @contextmanager
    def _borrowed(self) -> Iterator[_Opened]:
        if self._held.opened is None:
            self._follow()
        with self._held.borrowed() as opened:
            if opened is None:
                raise self._missing()
            yield opened

    def _follow(self) -> bool:
        with self._following:
            stamp = self._generations.stamp()
            if stamp == self._stamp:
                return False
            self._held.swap(self._load_current())
            self._stamp = stamp
        if not self._read_only and stamp is not None:
            self._generations.remove_superseded()
        return True

    def _load_current(self) -> _Opened | None:
        while True:
            generation = self._generations.current()
            if generation is None:
                return None
            try:
                return self._load(generation)
            except (EngineError, ConfigurationError, OSError):
                latest = self._generations.current()
                if latest is not None and latest.name == generation.name:
                    raise

    def _load(self, generation: Generation) -> _Opened:
        opened = self._load_shard(generation)
        if self._in_memory and 0 < generation.manifest.passages <= SMALL:
            from ragspace.retrieval.flat import FlatIndex

            try:
                opened.flat = FlatIndex(opened.shard.contents())
            except BaseException:
                opened.close()
                raise
        return opened

    def _load_shard(self, generation: Generation) -> _Opened:
        if self._read_only:
            scratch = tempfile.TemporaryDirectory(prefix="ragspace-index-")
            copy = Path(scratch.name) / "shard"
            copy_shard(generation.shard, copy)
            return _Opened(generation, Shard.load(copy), None, scratch)
        lock = FileLock.take(generation.lock)
        if lock is None:
            raise ConfigurationError(
                "Another ragspace server is searching this index.",
                action="Stop the other one, or set RAGSPACE_DATA_DIR to a directory of its own.",
            )
        try:
            return _Opened(generation, Shard.load(generation.shard), lock, None)
        except BaseException:
            lock.release()
            raise

    def _missing(self) -> Exception:
        return collection_missing(self.collection, embedded=True)


def _search(of: "tuple[FlatIndex, int]", questions: "Sequence[Sought]") -> list[Found]:
    flat, limit = of
    return flat.search(questions, limit)


@contextmanager
def _told() -> Iterator[None]:
    """What the engine raises is logged, and told without its text."""
    try:
        yield
    except (EngineError, OSError, ValueError) as error:
        log.warning("the embedded engine failed: %s", error)
        raise engine_failed() from None
