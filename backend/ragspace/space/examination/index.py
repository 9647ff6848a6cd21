"""Qdrant: reached, by which port, with which collection, and whether the embedding model made it."""

import time
from collections.abc import AsyncGenerator

from ragspace.detours import qdrant_host
from ragspace.errors import RagspaceError, RetrievalUnavailable
from ragspace.models.protocols import Embedder
from ragspace.retrieval.compatibility import ensure_compatible
from ragspace.retrieval.protocols import IndexState
from ragspace.retrieval.qdrant import QdrantIndex
from ragspace.settings import Settings
from ragspace.space.checks import Check

INGEST = "Read your documents in: `ragspace ingest PATH`."


class ReadOnlyIndex(QdrantIndex):
    """Writes nothing down: looking at a collection leaves it as it is."""

    async def adopt(self, embedding_model: str) -> None:
        pass


def opened(settings: Settings, url: str | None = None) -> ReadOnlyIndex:
    """The configured index, at another `url` if given."""
    key = settings.qdrant_api_key
    return ReadOnlyIndex(
        url or settings.qdrant_url or "",
        key.get_secret_value() if key else None,
        settings.qdrant_collection,
    )


async def check_index(settings: Settings, embedder: Embedder | None) -> AsyncGenerator[Check, None]:
    """`embedder` is open, or None where there is none to compare the collection with."""
    _, port = qdrant_host(settings.qdrant_url or "")
    index = opened(settings)
    try:
        started = time.monotonic()
        try:
            state = await index.state()
        except RetrievalUnavailable as error:
            yield _not_searched(error, port, settings.qdrant_collection)
            return
        took = (time.monotonic() - started) * 1000
        yield Check("qdrant", "ok", f"Reached at port {port}, answered in {took:.0f} ms.")
        yield _collection(state)
        if embedder is not None:
            yield await _compatible(index, embedder, state)
    finally:
        await index.close()


def _not_searched(error: RetrievalUnavailable, port: int, collection: str) -> Check:
    told = {
        "unreachable": f"Port {port} cannot be reached.",
        "timeout": f"No answer in time at port {port}.",
        "unauthorized": f"Reached at port {port}, but it refuses QDRANT_API_KEY.",
        "collection_missing": f"Reached at port {port}, but there is no collection {collection!r}.",
    }
    return Check(
        "qdrant", "failed", told.get(error.reason, f"Reached at port {port}: {error.reason}."), error.action
    )


def _collection(state: IndexState) -> Check:
    searched = "by meaning and by terms (hybrid)" if state.sparse else "by meaning only (dense)"
    told = (
        f"{state.collection!r}: {state.passages} passages of {state.dimensions} dimensions, "
        f"searched {searched}."
    )
    if state.passages == 0:
        return Check("collection", "failed", told, INGEST)
    return Check("collection", "ok", told)


async def _compatible(index: ReadOnlyIndex, embedder: Embedder, state: IndexState) -> Check:
    name = "embedding model"
    try:
        await ensure_compatible(index, embedder)
    except RagspaceError as error:
        reason = str(getattr(error, "reason", error.code))
        return Check(name, "failed", f"Questions embedded with {embedder.model}: {reason}.", error.action)
    if state.embedding_model is None:
        return Check(
            name, "ok", f"The collection names none; a passage of it embedded by {embedder.model} fits."
        )
    return Check(name, "ok", f"The collection was made with {state.embedding_model}, as configured.")
