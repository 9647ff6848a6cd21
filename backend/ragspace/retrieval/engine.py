"""The embedded Qdrant engine as the index uses it: one shard of dense vectors and BM25 terms."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from ragspace.documents.passage import Passage
from ragspace.models.protocols import Vector
from ragspace.retrieval.payload import FILE_FIELD, from_payload, passage_id, point_id, to_payload
from ragspace.retrieval.protocols import Candidate, SparseVector

if TYPE_CHECKING:
    from qdrant_edge import EdgeConfig, EdgeShard, Record, UpdateOperation

DENSE = "dense"
TERMS = "terms"

SCROLL_PAGE = 5_000

KEPT_PASSAGES = 4096
"""How many of the passages that were read last stay decoded: a search that brings payloads takes four times
as long."""

R = TypeVar("R")


class EngineError(Exception):
    """The engine refused; it raises bare exceptions, whose text may name paths."""


class Shard:
    """An open shard. Every method blocks; queries release the GIL, `optimize` holds it.

    The shard keeps no write-ahead log: it would double the size and the cost of a write, and it would keep
    the engine's lock, while every batch is flushed and ours is the only writer. A batch that a killed process
    did not flush is simply not there.
    """

    def __init__(self, shard: "EdgeShard") -> None:
        self._shard = shard
        self._passage = lru_cache(KEPT_PASSAGES)(self._read)

    def _read(self, passage: int) -> Passage | None:
        records = _called(self._shard.retrieve, [point_id(UUID(int=passage))], True, False)
        return from_payload(records[0].payload) if records else None

    @classmethod
    def create(cls, path: Path, dimensions: int) -> "Shard":
        from qdrant_edge import EdgeShard

        path.mkdir(parents=True)
        return cls(_called(EdgeShard.create, str(path), _config(dimensions)))

    @classmethod
    def load(cls, path: Path) -> "Shard":
        from qdrant_edge import EdgeShard

        return cls(_called(EdgeShard.load, str(path)))

    def __len__(self) -> int:
        return _called(self._shard.info).points_count

    def add(
        self, passages: Sequence[Passage], vectors: Sequence[Vector], terms: Sequence[SparseVector]
    ) -> None:
        """Insert or replace, on disk when it returns."""
        from qdrant_edge import Point, UpdateOperation
        from qdrant_edge import SparseVector as EngineSparse

        points = [
            Point(
                point_id(passage.id),
                {DENSE: vector, TERMS: EngineSparse(sparse.indices, sparse.values)},
                to_payload(passage),
            )
            for passage, vector, sparse in zip(passages, vectors, terms, strict=True)
        ]
        self._change(UpdateOperation.upsert_points(points))

    def remove(self, ids: Iterable[UUID]) -> None:
        from qdrant_edge import UpdateOperation

        self._change(UpdateOperation.delete_points([point_id(each) for each in ids]))

    def _change(self, operation: "UpdateOperation") -> None:
        _called(self._shard.update, operation)
        _called(self._shard.flush)
        self._passage.cache_clear()

    def files(self) -> Iterator[tuple[UUID, str]]:
        """Every passage's id and file."""
        names: dict[str, str] = {}  # one string for all passages of a file
        for record in self._records(with_payload=[FILE_FIELD]):
            file = str((record.payload or {}).get(FILE_FIELD, ""))
            yield passage_id(record.id), names.setdefault(file, file)

    def contents(self) -> Iterator[tuple[Passage, Vector, SparseVector]]:
        """Every passage with its vector and its terms."""
        for record in self._records(with_payload=True, with_vector=[DENSE, TERMS]):
            vectors = cast("dict[str, Any]", record.vector)
            terms = vectors[TERMS]
            yield from_payload(record.payload), vectors[DENSE], SparseVector(terms.indices, terms.values)

    def _records(self, **parts: Any) -> "Iterator[Record]":
        from qdrant_edge import ScrollRequest

        offset = None
        while True:
            request = ScrollRequest(offset=offset, limit=SCROLL_PAGE, **parts)
            records, offset = _called(self._shard.scroll, request)
            yield from records
            if offset is None:
                return

    def passages(self, ids: Iterable[UUID]) -> list[Passage]:
        """Those of the passages with these ids that are there."""
        found = (self._passage(each.int) for each in ids)
        return [passage for passage in found if passage is not None]

    def sample(self) -> tuple[Passage, Vector] | None:
        from qdrant_edge import ScrollRequest

        request = ScrollRequest(limit=1, with_payload=True, with_vector=[DENSE])
        records, _ = _called(self._shard.scroll, request)
        if not records:
            return None
        vectors = cast("dict[str, Vector]", records[0].vector)
        return from_payload(records[0].payload), vectors[DENSE]

    def search(self, vector: Sequence[float], terms: SparseVector, limit: int) -> list[Candidate]:
        """The union of both searches, each passage with both scores."""
        from qdrant_edge import Prefetch, Query, QueryBatchRequest, QueryRequest
        from qdrant_edge import SparseVector as EngineSparse

        dense = Query.Nearest(list(vector), using=DENSE)
        sparse = Query.Nearest(EngineSparse(terms.indices, terms.values), using=TERMS)
        found = [Prefetch(limit=limit, query=dense), Prefetch(limit=limit, query=sparse)]
        by_meaning, by_terms = _called(
            self._shard.query_batch,
            QueryBatchRequest(
                [
                    QueryRequest(limit=2 * limit, prefetches=found, query=dense, with_payload=False),
                    QueryRequest(limit=2 * limit, prefetches=found, query=sparse, with_payload=False),
                ]
            ),
        )
        # An id is made anew each time that it is asked for, and its hash is Python's own.
        lexical = {passage_id(point.id).int: point.score for point in by_terms}
        candidates = []
        for point in by_meaning:
            key = passage_id(point.id).int
            passage = self._passage(key)
            if passage is not None:
                score = min(max(point.score, 0.0), 1.0)
                candidates.append(Candidate(passage, score, lexical.get(key, 0.0)))
        return candidates

    def optimize(self) -> None:
        """Merge segments and build the graph where there are enough vectors for one; in `ingest` only."""
        _called(self._shard.optimize)
        _called(self._shard.flush)

    def close(self) -> None:
        _called(self._shard.close)


def _config(dimensions: int) -> "EdgeConfig":
    from qdrant_edge import Distance, EdgeConfig, EdgeSparseVectorParams, EdgeVectorParams, Memory, Modifier

    return EdgeConfig(
        # Otherwise every page of the vectors' file, 32 MB at the least, is read in when it is opened.
        vectors={DENSE: EdgeVectorParams(dimensions, Distance.Cosine, memory=Memory.Cold)},
        sparse_vectors={TERMS: EdgeSparseVectorParams(modifier=Modifier.Idf)},
        max_search_threads=1,
        wal_enabled=False,
    )


def _called(function: Callable[..., R], *arguments: Any) -> R:
    try:
        return function(*arguments)
    except Exception as error:  # noqa: BLE001 - the engine raises nothing narrower
        raise EngineError(str(error)) from None
