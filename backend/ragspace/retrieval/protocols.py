"""The index as the rest of the program sees it: searched by the chat, written by `ingest`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from uuid import UUID

from ragspace.documents.passage import Passage
from ragspace.models.protocols import Vector
from ragspace.retrieval.joining import Sections


@dataclass(frozen=True, slots=True)
class SparseVector:
    """BM25 weights by term id; both lists have the same length."""

    indices: list[int]
    values: list[float]

    def by_term(self) -> dict[int, float]:
        return dict(zip(self.indices, self.values, strict=True))


@dataclass(frozen=True, slots=True)
class IndexState:
    """What a collection says of itself. `embedding_model` is None where it names none; `sparse` tells
    whether it can be searched by terms too; `sample`, whether it holds the sample corpus, which the first
    documents of the user's own replace."""

    collection: str
    passages: int
    dimensions: int
    embedding_model: str | None
    sparse: bool
    sample: bool = False


class Candidate(NamedTuple):
    """A passage found: its dense cosine to the question (0 to 1), its BM25 score (0 where no term fits)."""

    passage: Passage
    similarity: float
    lexical: float


class SoughtTerm(NamedTuple):
    """A term of the question: its inverse document frequency in the index, and the place, from 0, of the
    first of the LOOKED_AT best passages that holds it; None where none of them does."""

    rarity: float
    foremost: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """What the two searches for one question found together: the candidates, `ranked` best first and each
    content once, and what is known of each of the `terms` that were sought."""

    ranked: Sequence[Candidate]
    terms: Mapping[int, SoughtTerm]


class IndexWriter(Protocol):
    """One run of `ingest`. What is added and removed may be seen by the chat at once or at `publish`; a run
    that is killed leaves the index that was searched before whole, and what it added is found by the next."""

    async def known(self) -> dict[UUID, str]:
        """The file of every passage that is in what is being written, by the passage's id."""
        ...

    async def add(
        self, passages: Sequence[Passage], vectors: Sequence[Vector], terms: Sequence[SparseVector]
    ) -> None: ...

    async def remove(self, ids: Iterable[UUID]) -> None: ...

    async def publish(self, *, drop_old: bool = False) -> None:
        """Make what was written the index that the chat searches; where nothing changed, nothing happens.
        After a rebuild a Qdrant server keeps the old collection unless `drop_old`."""
        ...

    async def close(self) -> None:
        """Let go of what is held; without `publish` before it, the searched index stays what it was."""
        ...


class PassageIndex(Protocol):
    """Passages with their vectors, in the embedded engine or in a Qdrant server.

    Every method raises RetrievalUnavailable(service="qdrant") with the reason when the index cannot do it.
    """

    @property
    def collection(self) -> str: ...

    @property
    def embedded(self) -> bool:
        """Whether this is the built-in engine (health says so as `mode: embedded`)."""
        ...

    @property
    def sections(self) -> Sections | None:
        """All the passages, where the index holds them in memory."""
        ...

    async def open(self) -> None: ...

    async def state(self) -> IndexState:
        """Ask the index itself. Raises reason `collection_missing` where there is nothing to search."""
        ...

    async def search(self, vector: Sequence[float], terms: SparseVector, limit: int) -> Found:
        """The nearest `limit` by the vector joined with the best `limit` by the terms, in one round trip;
        each with both scores."""
        ...

    async def passages(self, ids: Sequence[UUID]) -> list[Passage]:
        """Those of the passages with these ids that are there, in no particular order, in one round trip."""
        ...

    async def sample(self) -> tuple[Passage, Vector] | None:
        """Any one passage with its stored vector."""
        ...

    async def adopt(self, embedding_model: str) -> None:
        """Write the embedding model's name down in a collection that names none."""
        ...

    async def begin(self, embedding_model: str, dimensions: int, *, rebuild: bool = False) -> IndexWriter:
        """Start a run of `ingest`. `rebuild` starts from nothing, beside what is searched."""
        ...

    async def close(self) -> None: ...
