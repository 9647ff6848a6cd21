"""Whether the configured embedding model can ask the collection that is there."""

import logging
import math
from collections.abc import Sequence
from operator import mul

from ragspace.documents.passage import Passage
from ragspace.errors import RetrievalUnavailable
from ragspace.models.protocols import Embedder, Vector
from ragspace.retrieval.failures import dimension_mismatch, model_mismatch
from ragspace.retrieval.protocols import IndexState, PassageIndex

log = logging.getLogger(__name__)

SAME_MODEL_COSINE = 0.98
"""A passage embedded again by its own model is at least this near to its stored vector; two models of the
same dimensions have no common directions at all (cosines around 0)."""


async def ensure_compatible(index: PassageIndex, embedder: Embedder) -> IndexState:
    """The state of a collection whose vectors `embedder` made.

    A collection that names no model is tried: one stored passage is embedded again, and if it comes out where
    it is stored the model's name is written down.

    Raises RetrievalUnavailable with the reason `collection_missing`, `dimension_mismatch` or
    `embedding_model_mismatch` and the command that mends it, or what the index and the embedder raise.
    """
    state = await index.state()
    if state.embedding_model is not None and state.embedding_model != embedder.model:
        raise model_mismatch(state.collection, state.embedding_model, embedder.model)
    if state.embedding_model is None:
        await _try_out(index, embedder, state)
    elif state.dimensions != embedder.default_dimensions:
        await _embed(embedder, state, [state.collection])
    return state


async def _try_out(index: PassageIndex, embedder: Embedder, state: IndexState) -> None:
    sample = await index.sample()
    if sample is not None:
        passage, stored = sample
        if not await _made(embedder, state, passage, stored):
            raise model_mismatch(state.collection, None, embedder.model)
    try:
        await index.adopt(embedder.model)
    except RetrievalUnavailable as error:
        # A read-only key may search, which is all that a server needs.
        log.warning("the embedding model's name could not be stored with the collection: %s", error.reason)


async def _made(embedder: Embedder, state: IndexState, passage: Passage, stored: Vector) -> bool:
    """Whether `stored` is what `embedder` makes of the passage, alone or with its headings."""
    texts = list(dict.fromkeys((passage.content, passage.text_to_embed)))
    vectors = await _embed(embedder, state, texts)
    return any(_cosine(vector, stored) >= SAME_MODEL_COSINE for vector in vectors)


async def _embed(embedder: Embedder, state: IndexState, texts: Sequence[str]) -> list[Vector]:
    try:
        return await embedder.embed(texts, purpose="passage", dimensions=state.dimensions)
    except RetrievalUnavailable as error:
        if error.reason != "dimension_mismatch":
            raise
        raise dimension_mismatch(
            state.collection, state.dimensions, embedder.default_dimensions, embedder.model
        ) from None


def _cosine(one: Vector, other: Vector) -> float:
    lengths = math.hypot(*one) * math.hypot(*other)
    return math.fsum(map(mul, one, other)) / lengths if lengths else 0.0
