"""From a question to the passages that may answer it."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from ragspace.documents.passage import Passage
from ragspace.errors import RagspaceError, RetrievalUnavailable
from ragspace.models.protocols import Embedder, Vector
from ragspace.retrieval.compatibility import ensure_compatible
from ragspace.retrieval.followup import in_context
from ragspace.retrieval.protocols import Candidate, IndexState, PassageIndex
from ragspace.retrieval.ranking import changes_subject, fits, rank
from ragspace.retrieval.terms import question_terms

CANDIDATES = 20
"""How many passages each of the two searches contributes, at least."""

CANDIDATES_PER_PASSAGE = 4
"""The same, for each passage that is wanted."""

SUGGESTIONS = 3

REMEMBERED_QUESTIONS = 128
"""Question vectors kept in memory; 768 dimensions take 24 KB each."""

MEANINGLESS = frozenset({"collection_missing", "dimension_mismatch", "embedding_model_mismatch"})
"""Reasons for which a search would fail or its result would mean nothing, also if it went well before."""


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """A passage and its dense cosine to the question, 0 to 1."""

    passage: Passage
    similarity: float


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The passages that fit, best first. Where none does, `suggestions` are the nearest headings."""

    passages: tuple[RankedPassage, ...]
    suggestions: tuple[Passage, ...] = ()


class Retriever:
    """Asks the index with what the embedder makes of a question, once both are known to fit together."""

    def __init__(self, index: PassageIndex, embedder: Embedder) -> None:
        self._index = index
        self._embedder = embedder
        self._state: IndexState | None = None
        self._failure: RagspaceError | None = None
        self._vectors: OrderedDict[tuple[str, int], Vector] = OrderedDict()

    @property
    def index_state(self) -> IndexState | None:
        """What the index last said of itself, where it can be searched."""
        return self._state

    async def prepare(self) -> IndexState:
        """Look at the index, and whether the embedder fits it; cheap where nothing has changed.

        Raises what `ensure_compatible` raises. An outage leaves the index usable as it was known, so that
        the next question tries it; a collection that has become meaningless does not.
        """
        try:
            state = await self._index.state()
            if self._state is None or not _same_making(state, self._state):
                state = await ensure_compatible(self._index, self._embedder)
        except RagspaceError as error:
            if self._state is None or _is_meaningless(error):
                self._state, self._failure = None, error
            raise
        self._state, self._failure = state, None
        return state

    async def retrieve(self, question: str, *, previous: Sequence[str] = (), limit: int) -> Retrieval:
        """The best `limit` passages for `question`, understood in the light of the `previous` questions of
        the conversation, oldest first.

        Raises what the last `prepare` raised, RetrievalUnavailable, or QuotaExceeded of the embedder.
        """
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        state = self._state or await self.prepare()
        contextual = in_context(question, previous)
        texts = [question] if contextual is None else [question, contextual]
        vectors = await self._embed(texts, state.dimensions)
        depth = max(CANDIDATES, CANDIDATES_PER_PASSAGE * limit)
        found = await asyncio.gather(
            *(
                self._index.search(vector, question_terms(text), depth)
                for text, vector in zip(texts, vectors, strict=True)
            )
        )
        return await asyncio.to_thread(_chosen, self._embedder.model, texts, found, limit)

    async def _embed(self, texts: Sequence[str], dimensions: int) -> list[Vector]:
        known = {text: self._vectors.get((text, dimensions)) for text in texts}
        missing = [text for text, vector in known.items() if vector is None]
        if missing:
            made = await self._embedder.embed(missing, purpose="question", dimensions=dimensions)
            known |= zip(missing, made, strict=True)
        chosen = [vector for text in texts if (vector := known[text]) is not None]
        for text, vector in zip(texts, chosen, strict=True):
            self._vectors[text, dimensions] = vector
            self._vectors.move_to_end((text, dimensions))
        while len(self._vectors) > REMEMBERED_QUESTIONS:
            self._vectors.popitem(last=False)
        return chosen


def _chosen(model: str, texts: Sequence[str], found: Sequence[Sequence[Candidate]], limit: int) -> Retrieval:
    """What fits of the searches for the question alone and, where there is one, for it in its context."""
    ranked = [rank(candidates, len(candidates)) for candidates in found]
    alone = ranked[0]
    fitting = [alone] if fits(texts[0], alone, model) else []
    if len(ranked) > 1 and fits(texts[1], ranked[1], model) and not changes_subject(texts[0], ranked[1]):
        fitting.insert(0, ranked[1])
    if not fitting:
        return Retrieval((), _suggestions(alone))
    best: dict[str, Candidate] = {}
    for candidate in chain.from_iterable(zip_longest(*fitting)):
        if candidate is not None:
            best.setdefault(candidate.passage.content, candidate)
    return Retrieval(tuple(RankedPassage(c.passage, c.similarity) for c in list(best.values())[:limit]))


def _suggestions(ranked: Sequence[Candidate]) -> tuple[Passage, ...]:
    nearest = sorted(ranked, key=lambda candidate: -candidate.similarity)
    headings: dict[tuple[str, str], Passage] = {}
    for candidate in nearest:
        passage = candidate.passage
        headings.setdefault((passage.file, passage.heading), passage)
    return tuple(headings.values())[:SUGGESTIONS]


def _same_making(one: IndexState, other: IndexState) -> bool:
    """Whether both were made by the same model; which of them an unnamed collection is, was tried out."""
    unnamed = one.embedding_model is None
    return (one.collection, one.dimensions) == (other.collection, other.dimensions) and (
        unnamed or one.embedding_model == other.embedding_model
    )


def _is_meaningless(error: RagspaceError) -> bool:
    return isinstance(error, RetrievalUnavailable) and error.reason in MEANINGLESS
