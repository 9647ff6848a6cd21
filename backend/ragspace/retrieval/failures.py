"""What can be wrong with an index, each with the action that mends it."""

from ragspace.errors import RetrievalUnavailable

REBUILD = "ragspace ingest --rebuild PATH"


def collection_missing(collection: str, *, embedded: bool) -> RetrievalUnavailable:
    """There is nothing to search yet."""
    where = "" if embedded else ", or correct QDRANT_COLLECTION"
    return RetrievalUnavailable(
        service="qdrant",
        reason="collection_missing",
        action=f"There is no collection {collection!r} yet: run `ragspace ingest PATH`{where}.",
    )


def model_mismatch(collection: str, stored: str | None, configured: str) -> RetrievalUnavailable:
    """The stored vectors mean nothing to the configured embedding model; `stored` None: found by trial."""
    made = f"was made with {stored}" if stored else "was made with another model than the configured one"
    return RetrievalUnavailable(
        service="qdrant",
        reason="embedding_model_mismatch",
        action=f"The collection {collection!r} {made}; questions are embedded with {configured}. "
        f"Run `{REBUILD}` to make it anew, or configure the model that it was made with.",
    )


def dimension_mismatch(collection: str, stored: int, configured: int, model: str) -> RetrievalUnavailable:
    """The stored vectors have another length than the configured embedding model's."""
    return RetrievalUnavailable(
        service="qdrant",
        reason="dimension_mismatch",
        action=f"The collection {collection!r} has {stored} dimensions; {model} gives {configured}. "
        f"Run `{REBUILD}` to make it anew, or configure the model that it was made with.",
    )


def engine_failed() -> RetrievalUnavailable:
    """The embedded engine refused what was asked of it."""
    return RetrievalUnavailable(
        service="qdrant",
        action=f"The built-in index cannot be read. Look into the log, or run `{REBUILD}` to make it anew.",
    )
