"""One run of `ingest` over a Qdrant server."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Self
from uuid import UUID

import orjson

from ragspace.documents.passage import Passage
from ragspace.models.protocols import Vector
from ragspace.retrieval.failures import dimension_mismatch, model_mismatch
from ragspace.retrieval.payload import FILE_FIELD, passage_id, point_id
from ragspace.retrieval.protocols import SparseVector
from ragspace.retrieval.qdrant_api import QdrantApi
from ragspace.retrieval.qdrant_layout import Collection, Layout, description
from ragspace.retrieval.qdrant_rebuild import find_building, finish_rebuild, locate, start_building

SCROLL_PAGE = 5_000
DELETE_BATCH = 1_000
UPSERT_POINTS = 256
UPSERT_BYTES = 8_000_000
"""Qdrant takes requests of up to 32 MB; smaller ones are stored before a gateway's time is up."""


class QdrantWriter:
    """An IndexWriter. What it adds to the searched collection is found at once; what it adds to a rebuilt
    one, after `publish`. A collection that is missing is created when the first passage is added."""

    def __init__(
        self,
        api: QdrantApi,
        name: str,
        embedding_model: str,
        dimensions: int,
        collection: Collection | None,
        *,
        rebuild: bool,
    ) -> None:
        self._api = api
        self._name = name
        self._embedding_model = embedding_model
        self._dimensions = dimensions
        self._collection = collection
        self._rebuild = rebuild

    @classmethod
    async def start(
        cls, api: QdrantApi, name: str, embedding_model: str, dimensions: int, *, rebuild: bool
    ) -> Self:
        """Find the collection to write to.

        Raises RetrievalUnavailable, also where the searched one was made with another model and this is no
        rebuild. One that names no model is taken: whether it fits, `ingest` tried out before.
        """
        if rebuild:
            collection = await find_building(api, name, embedding_model, dimensions)
        else:
            collection = (await locate(api, name)).searched
            if collection is not None:
                _check(name, collection, embedding_model, dimensions)
        return cls(api, name, embedding_model, dimensions, collection, rebuild=rebuild)

    async def known(self) -> dict[UUID, str]:
        files: dict[UUID, str] = {}
        if self._collection is None:
            return files
        request = {"limit": SCROLL_PAGE, "with_payload": [FILE_FIELD], "with_vector": False}
        offset = None
        while True:
            page = request if offset is None else request | {"offset": offset}
            points, offset = await self._api.scroll(self._collection.name, page)
            for point in points:
                files[passage_id(point["id"])] = str((point.get("payload") or {}).get(FILE_FIELD, ""))
            if offset is None:
                return files

    async def add(
        self, passages: Sequence[Passage], vectors: Sequence[Vector], terms: Sequence[SparseVector]
    ) -> None:
        collection = await self._written()
        points = await asyncio.to_thread(_encoded, collection.layout, passages, vectors, terms)
        for batch in _batches(points):
            await self._api.upsert(collection.name, batch)

    async def remove(self, ids: Iterable[UUID]) -> None:
        removed = [point_id(each) for each in ids]
        if self._collection is None:
            return
        for start in range(0, len(removed), DELETE_BATCH):
            await self._api.delete(self._collection.name, removed[start : start + DELETE_BATCH])

    async def publish(self, *, drop_old: bool = False) -> None:
        if self._rebuild:
            await finish_rebuild(self._api, self._name, await self._written(), drop_old=drop_old)

    async def close(self) -> None:
        """Nothing is held: the connections are the index's."""

    async def _written(self) -> Collection:
        """The collection that is written to, created where it is missing."""
        if self._collection is None:
            if self._rebuild:
                created = start_building(self._api, self._name, self._embedding_model, self._dimensions)
            else:
                metadata = description(self._embedding_model, self._dimensions)
                created = self._api.create(self._name, self._dimensions, metadata)
            self._collection = await created
        return self._collection


def _check(name: str, collection: Collection, embedding_model: str, dimensions: int) -> None:
    if collection.embedding_model not in (None, embedding_model):
        raise model_mismatch(name, collection.embedding_model, embedding_model)
    if collection.layout.dimensions != dimensions:
        raise dimension_mismatch(name, collection.layout.dimensions, dimensions, embedding_model)


def _encoded(
    layout: Layout, passages: Sequence[Passage], vectors: Sequence[Vector], terms: Sequence[SparseVector]
) -> list[bytes]:
    return [
        orjson.dumps(layout.point(passage, vector, sparse))
        for passage, vector, sparse in zip(passages, vectors, terms, strict=True)
    ]


def _batches(points: list[bytes]) -> Iterator[list[orjson.Fragment]]:
    batch: list[orjson.Fragment] = []
    size = 0
    for point in points:
        if batch and (len(batch) == UPSERT_POINTS or size + len(point) > UPSERT_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(orjson.Fragment(point))
        size += len(point)
    if batch:
        yield batch
