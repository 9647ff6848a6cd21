"""The index in a Qdrant server, over its REST API."""

import asyncio
import ssl
from collections.abc import Sequence
from time import monotonic
from uuid import UUID

from ragspace.documents.passage import Passage
from ragspace.errors import RetrievalUnavailable
from ragspace.models.protocols import Vector
from ragspace.retrieval.assessment import assess
from ragspace.retrieval.failures import collection_missing, dimension_mismatch
from ragspace.retrieval.payload import from_payload, point_id
from ragspace.retrieval.protocols import Found, IndexState, SparseVector
from ragspace.retrieval.qdrant_api import CONNECT_SECONDS, READ_SECONDS, QdrantApi
from ragspace.retrieval.qdrant_layout import EMBEDDING_MODEL, Collection, candidates
from ragspace.retrieval.qdrant_rebuild import followed, locate
from ragspace.retrieval.qdrant_writer import QdrantWriter

FOLLOW_SECONDS = 5.0

SWITCH_SECONDS = 0.5
"""`--drop-old` may have to delete the collection that bears the name before an alias can take it."""

_MOVED = ("collection_missing", "dimension_mismatch", "error")
"""Reasons why a search fails where the name leads to another collection than it did."""


class QdrantIndex:
    """A PassageIndex in the server at `url` (port 6333 where it names none), under the name `collection`.

    The name may be a collection's or an alias's. It is looked up anew `follow_seconds` after the last time,
    beside the search, and at once where a search fails: so a collection built anew is noticed, while a search
    stays one round trip.
    """

    embedded = False
    sections = None

    def __init__(
        self,
        url: str,
        api_key: str | None,
        collection: str,
        *,
        follow_seconds: float = FOLLOW_SECONDS,
        connect_timeout: float = CONNECT_SECONDS,
        read_timeout: float = READ_SECONDS,
    ) -> None:
        self.collection = collection
        self._api = QdrantApi(
            url, api_key, collection, connect_timeout=connect_timeout, read_timeout=read_timeout
        )
        self._follow_seconds = follow_seconds
        self._searched: Collection | None = None
        self._followed_at = 0.0

    async def open(self) -> None:
        await self._api.open()

    async def move(self, url: str, tls: ssl.SSLContext | None = None) -> None:
        """From now on the same server at another address; `tls` in place of the system's authorities."""
        await self._api.move(url, tls)

    async def state(self) -> IndexState:
        searched = await self._follow(regardless=True)
        return IndexState(
            collection=self.collection,
            passages=searched.points,
            dimensions=searched.layout.dimensions,
            embedding_model=searched.embedding_model,
            sparse=searched.layout.terms is not None,
        )

    async def search(self, vector: Sequence[float], terms: SparseVector, limit: int) -> Found:
        before = self._searched or await self._follow()
        found, now = await asyncio.gather(
            self._search(before, vector, terms, limit), self._follow_if_due(before), return_exceptions=True
        )
        if isinstance(found, BaseException):
            if not isinstance(found, RetrievalUnavailable) or found.reason not in _MOVED:
                raise found
            if now is before:
                now = await self._follow()
            if isinstance(now, BaseException):
                raise now
            if now == before and found.reason != "collection_missing":
                raise found
        elif isinstance(now, BaseException) or now == before:
            return found
        return await self._search(now, vector, terms, limit)

    async def passages(self, ids: Sequence[UUID]) -> list[Passage]:
        searched = self._searched or await self._follow()
        points = await self._api.retrieve(searched.name, [point_id(each) for each in ids])
        return [from_payload(point.get("payload")) for point in points]

    async def sample(self) -> tuple[Passage, Vector] | None:
        searched = self._searched or await self._follow()
        layout = searched.layout
        request = {"limit": 1, "with_payload": True, "with_vector": layout.vectors_to_read}
        points, _ = await self._api.scroll(searched.name, request)
        return layout.passage_and_vector(points[0]) if points else None

    async def adopt(self, embedding_model: str) -> None:
        searched = (await locate(self._api, self.collection)).searched
        if searched is None:
            raise collection_missing(self.collection, embedded=False)
        await self._api.merge_metadata(searched.name, {EMBEDDING_MODEL: embedding_model})

    async def begin(self, embedding_model: str, dimensions: int, *, rebuild: bool = False) -> QdrantWriter:
        return await QdrantWriter.start(
            self._api, self.collection, embedding_model, dimensions, rebuild=rebuild
        )

    async def close(self) -> None:
        await self._api.close()

    async def _search(
        self, searched: Collection, vector: Sequence[float], terms: SparseVector, limit: int
    ) -> Found:
        layout = searched.layout
        if layout.dimensions != len(vector):
            raise dimension_mismatch(self.collection, layout.dimensions, len(vector), "the configured model")
        found = candidates(await self._api.query(searched.name, layout.searches(vector, terms, limit)))
        return assess(found, terms, searched.points)

    async def _follow_if_due(self, searched: Collection) -> Collection:
        if monotonic() - self._followed_at < self._follow_seconds:
            return searched
        return await self._follow()

    async def _follow(self, *, regardless: bool = False) -> Collection:
        """Look up what the name leads to now; `regardless` as in QdrantApi.collection."""
        self._followed_at = monotonic()
        found = await followed(self._api, self.collection, regardless=regardless)
        if not found and self._searched is not None:
            await asyncio.sleep(SWITCH_SECONDS)
            found = await followed(self._api, self.collection, regardless=regardless)
        self._searched = found[-1] if found else None
        if self._searched is None:
            raise collection_missing(self.collection, embedded=False)
        return self._searched
