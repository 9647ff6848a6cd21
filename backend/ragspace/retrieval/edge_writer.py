"""One run of `ingest` over the embedded engine: a copy of the searched generation, changed and published."""

import asyncio
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, TypeVar
from uuid import UUID

import orjson

from ragspace.documents.passage import Passage
from ragspace.models.protocols import Vector
from ragspace.retrieval.engine import EngineError, Shard
from ragspace.retrieval.failures import dimension_mismatch, engine_failed, model_mismatch
from ragspace.retrieval.generations import SHARD, Generation, Generations, Manifest, copy_shard, write_json
from ragspace.retrieval.locks import FileLock
from ragspace.retrieval.protocols import SparseVector

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Shipped:
    """Marks a generation as one that came with the program, made from what `key` names; the user's own
    documents are never lost to it. `sample` tells that it is the sample corpus."""

    key: str
    sample: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is being built: a run that finds the same plan of a killed one goes on with its work."""

    base: str | None
    embedding_model: str
    dimensions: int
    rebuild: bool
    changed: bool = False


class EdgeWriter:
    """An IndexWriter. What it writes is searched from `publish` on; until then no reader sees a change."""

    def __init__(
        self, generations: Generations, lock: FileLock, directory: Path, plan: _Plan, shipped: Shipped | None
    ) -> None:
        self._generations = generations
        self._lock = lock
        self._directory = directory
        self._plan = plan
        self._shipped = shipped
        self._shard: Shard | None = None

    @classmethod
    def start(
        cls,
        generations: Generations,
        embedding_model: str,
        dimensions: int,
        *,
        rebuild: bool = False,
        shipped: Shipped | None = None,
    ) -> Self:
        """Take the right to write and prepare the copy. Blocks.

        Raises ConfigurationError where another process writes, RetrievalUnavailable where the searched
        generation was made with another model and this is no rebuild.
        """
        lock = generations.take_writing()
        try:
            if shipped:
                generations.refuse_to_lose_documents()
            base = None if rebuild or shipped else _base(generations, embedding_model, dimensions)
            plan = _Plan(base.name if base else None, embedding_model, dimensions, rebuild)
            directory = generations.directory / ("building" if shipped is None else "building-shipped")
            writer = cls(generations, lock, directory, plan, shipped)
            writer._shard = writer._resumed() or writer._fresh(base)
        except BaseException:
            lock.release()
            raise
        return writer

    async def known(self) -> dict[UUID, str]:
        return await _in_thread(lambda: dict(self._open_shard.files()))

    async def add(
        self, passages: Sequence[Passage], vectors: Sequence[Vector], terms: Sequence[SparseVector]
    ) -> None:
        def add() -> None:
            self._mark_changed()
            self._open_shard.add(passages, vectors, terms)

        if passages:
            await _in_thread(add)

    async def remove(self, ids: Iterable[UUID]) -> None:
        removed = list(ids)

        def remove() -> None:
            self._mark_changed()
            self._open_shard.remove(removed)

        if removed:
            await _in_thread(remove)

    async def publish(self, *, drop_old: bool = False) -> None:
        """Where nothing changed there is nothing to publish. Superseded generations are removed as soon as
        no server has them open, with and without `drop_old`: nothing leads back to them."""
        if self._plan.changed or self._plan.rebuild or self._shipped:
            await _in_thread(self._publish)

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    @property
    def _open_shard(self) -> Shard:
        if self._shard is None:
            raise EngineError("the writer is closed")
        return self._shard

    @property
    def _plan_file(self) -> Path:
        return self._directory.with_name(f"{self._directory.name}.json")

    def _resumed(self) -> Shard | None:
        try:
            found = _Plan(**orjson.loads(self._plan_file.read_bytes()))
            if replace(found, changed=False) != self._plan:
                return None
            shard = Shard.load(self._directory / SHARD)
        except (OSError, ValueError, TypeError, EngineError):
            return None
        self._plan = found
        return shard

    def _fresh(self, base: Generation | None) -> Shard:
        self._discard()
        self._directory.mkdir()
        if base is None:
            shard = Shard.create(self._directory / SHARD, self._plan.dimensions)
        else:
            copy_shard(base.shard, self._directory / SHARD)
            shard = Shard.load(self._directory / SHARD)
        # Written last: without it, what was copied or made so far counts as nothing.
        write_json(self._plan_file, asdict(self._plan))
        return shard

    def _mark_changed(self) -> None:
        if not self._plan.changed:
            self._plan = replace(self._plan, changed=True)
            write_json(self._plan_file, asdict(self._plan))

    def _publish(self) -> None:
        shard = self._open_shard
        shard.optimize()
        passages = len(shard)
        shard.close()
        self._shard = None
        manifest = Manifest(
            embedding_model=self._plan.embedding_model,
            dimensions=self._plan.dimensions,
            passages=passages,
            created_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            sample=self._shipped is not None and self._shipped.sample,
            key=self._shipped.key if self._shipped else None,
        )
        self._generations.publish(self._directory, manifest)
        self._discard()

    def _close(self) -> None:
        try:
            if self._shard is not None:
                self._shard.close()
                self._shard = None
                if not self._plan.changed:
                    self._discard()
        finally:
            self._lock.release()

    def _discard(self) -> None:
        self._plan_file.unlink(missing_ok=True)
        if self._directory.exists():
            shutil.rmtree(self._directory)


def _base(generations: Generations, embedding_model: str, dimensions: int) -> Generation | None:
    current = generations.current()
    if current is None or current.manifest.sample:
        return None
    stored = current.manifest
    if stored.embedding_model != embedding_model:
        raise model_mismatch(generations.directory.name, stored.embedding_model, embedding_model)
    if stored.dimensions != dimensions:
        raise dimension_mismatch(generations.directory.name, stored.dimensions, dimensions, embedding_model)
    return current


async def _in_thread(work: Callable[[], R]) -> R:
    try:
        return await asyncio.to_thread(work)
    except (EngineError, OSError):
        raise engine_failed() from None
