"""What a collection of a Qdrant server looks like: its vectors, its points and its searches as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from ragspace.documents.passage import Passage
from ragspace.errors import RetrievalUnavailable
from ragspace.models.protocols import Vector
from ragspace.retrieval.engine import DENSE, TERMS
from ragspace.retrieval.failures import REBUILD
from ragspace.retrieval.payload import from_payload, point_id, to_payload
from ragspace.retrieval.protocols import Candidate, SparseVector

EMBEDDING_MODEL = "embedding_model"
SUCCESSOR = "ragspace_successor"
"""Metadata: the collection that was built anew from this one, and that is searched in its place."""

UNNAMED = ""
"""A collection may have one vector that has no name."""

_COSINE = ("Cosine", "Dot")
"""Distances whose score is the cosine; the dot product, since every embedding has unit length."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a collection names its vectors: the dense one, and the sparse one of BM25 terms if it has one."""

    dense: str
    dimensions: int
    terms: str | None

    def point(self, passage: Passage, vector: Vector, terms: SparseVector) -> dict[str, Any]:
        """A passage as a point."""
        stored: Vector | dict[str, Any] = vector
        if self.dense != UNNAMED or self.terms:
            stored = {self.dense: vector}
            if self.terms:
                stored[self.terms] = _sparse(terms)
        return {"id": point_id(passage.id), "vector": stored, "payload": to_payload(passage)}

    def passage_and_vector(self, point: Mapping[str, Any]) -> tuple[Passage, Vector]:
        """The inverse of `point`, of a point that was read with its vector."""
        stored = point["vector"]
        return from_payload(point.get("payload")), stored[self.dense] if isinstance(stored, dict) else stored

    @property
    def vectors_to_read(self) -> bool | list[str]:
        """What `with_vector` must say for the dense vector to be read."""
        return True if self.dense == UNNAMED else [self.dense]

    def searches(self, vector: Sequence[float], terms: SparseVector, limit: int) -> list[dict[str, Any]]:
        """The nearest by meaning joined with the best by terms, scored by the one and by the other.

        Only the first search brings payloads. Without terms it is alone.
        """
        dense = self._dense(vector)
        if self.terms is None or not terms.indices:
            return [dense | {"limit": limit, "with_payload": True}]
        sparse = {"query": {"nearest": _sparse(terms)}, "using": self.terms}
        found = [dense | {"limit": limit}, sparse | {"limit": limit}]
        return [
            {"prefetch": found, **dense, "limit": 2 * limit, "with_payload": True},
            {"prefetch": found, **sparse, "limit": 2 * limit, "with_payload": False},
        ]

    def _dense(self, vector: Sequence[float]) -> dict[str, Any]:
        query: dict[str, Any] = {"query": {"nearest": list(vector)}}
        return query if self.dense == UNNAMED else query | {"using": self.dense}


@dataclass(frozen=True)
class Collection:
    """A collection as the server describes it. Two are equal when they are searched in the same way."""

    name: str
    params: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(compare=False)
    points: int = field(compare=False)

    @classmethod
    def of(cls, name: str, description: Mapping[str, Any]) -> Self:
        """From the `result` of GET /collections/{name}."""
        config = description["config"]
        return cls(
            name, config["params"], config.get("metadata") or {}, int(description.get("points_count") or 0)
        )

    @property
    def embedding_model(self) -> str | None:
        return self.metadata.get(EMBEDDING_MODEL) or None

    @property
    def successor(self) -> str | None:
        return self.metadata.get(SUCCESSOR) or None

    @cached_property
    def layout(self) -> Layout:
        """Raises RetrievalUnavailable where the collection cannot be searched by one embedding."""
        vectors = self.params.get("vectors") or {}
        named = {UNNAMED: vectors} if isinstance(vectors.get("size"), int) else vectors
        dense = {name: vector for name, vector in named.items() if not vector.get("multivector_config")}
        if len(dense) != 1:
            raise self._unusable(f"has {len(dense)} dense vectors instead of one")
        [(name, vector)] = dense.items()
        if vector["distance"] not in _COSINE:
            raise self._unusable(f"compares its vectors by {vector['distance']} instead of Cosine")
        sparse = (self.params.get("sparse_vectors") or {}).get(TERMS)
        terms = TERMS if sparse is not None and sparse.get("modifier") == "idf" else None
        return Layout(name, vector["size"], terms)

    def _unusable(self, what: str) -> RetrievalUnavailable:
        return RetrievalUnavailable(
            service="qdrant",
            action=f"The collection {self.name!r} {what}: run `{REBUILD}`, or correct QDRANT_COLLECTION.",
        )


def creation(dimensions: int, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The request for a collection of our own, searched by meaning and by terms."""
    return {
        "vectors": {DENSE: {"size": dimensions, "distance": "Cosine"}},
        "sparse_vectors": {TERMS: {"modifier": "idf"}},
        "metadata": dict(metadata),
    }


def description(embedding_model: str, dimensions: int) -> dict[str, Any]:
    """The metadata of a collection of our own."""
    return {
        EMBEDDING_MODEL: embedding_model,
        "embedding_dimensions": dimensions,
        "created_by": "ragspace",
    }


def candidates(found: list[list[dict[str, Any]]]) -> list[Candidate]:
    """What the searches of `Layout.searches` found."""
    by_meaning, *others = found
    lexical = {point["id"]: float(point["score"]) for points in others for point in points}
    return [
        Candidate(
            from_payload(point.get("payload")),
            similarity=min(max(float(point["score"]), 0.0), 1.0),
            lexical=lexical.get(point["id"], 0.0),
        )
        for point in by_meaning
    ]


def _sparse(terms: SparseVector) -> dict[str, Any]:
    return {"indices": terms.indices, "values": terms.values}
