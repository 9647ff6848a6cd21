"""From a question to the passages that may answer it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from ragspace.documents.passage import Passage
from ragspace.errors import RagspaceError, RetrievalUnavailable
from ragspace.models.protocols import Embedder
from ragspace.models.query_cache import QueryCache
from ragspace.retrieval.answerability import Verdict, judge
from ragspace.retrieval.compatibility import ensure_compatible
from ragspace.retrieval.followup import in_context
from ragspace.retrieval.joining import Joined, by_section, join, neighbours
from ragspace.retrieval.protocols import Candidate, Found, IndexState, PassageIndex
from ragspace.retrieval.ranking import changes_subject
from ragspace.retrieval.terms import search_terms
from ragspace.spans import span

log = logging.getLogger(__name__)

CANDIDATES = 40
"""How many passages each of the two searches contributes: always the same, since they are what a passage's
cosine is measured against."""

LEADING = 3
"""How many passages for a question in its context come before those for the question alone are mixed in."""

SUGGESTIONS = 3

MEANINGLESS = frozenset({"collection_missing", "dimension_mismatch", "embedding_model_mismatch"})
"""Reasons for which a search would fail or its result would mean nothing, also if it went well before."""


@dataclass(frozen=True, slots=True)
class RankedPassage:
    """What an answer may use: `passage` is the one that was found, `matched`, joined with its neighbours.
    `similarity` is the dense cosine of `matched` to the question, 0 to 1."""

    passage: Passage
    matched: Passage
    similarity: float


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The passages that fit, best first. Where none does, `suggestions` are the nearest headings. `doubtful`
    tells that the passages are likelier not to hold the answer."""

    passages: tuple[RankedPassage, ...]
    suggestions: tuple[Passage, ...] = ()
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Ranking:
    """What was found, best first, whether any of it may be used for an answer, and if that is in doubt."""

    candidates: Sequence[Candidate]
    fits: bool
    doubtful: bool = False


class Retriever:
    """Asks the index with what the embedder makes of a question, once both are known to fit together.

    `reader_decides` where a language model reads the passages and itself says that they do not answer: it is
    given what is in doubt too.
    """

    def __init__(self, index: PassageIndex, embedder: Embedder, *, reader_decides: bool = False) -> None:
        self._least = Verdict.DOUBTFUL if reader_decides else Verdict.ANSWERED
        self._index = index
        self._embedder = embedder
        self._state: IndexState | None = None
        self._failure: RagspaceError | None = None
        self._queries = QueryCache(embedder)

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
        the conversation, oldest first. Raises what `ranking` raises."""
        ranking = await self.ranking(question, previous=previous)
        if not ranking.fits:
            return Retrieval((), _suggestions(ranking.candidates))
        joined = await self._joined([each.passage for each in ranking.candidates], limit)
        found = [ranking.candidates[each.place] for each in joined]
        told = [
            RankedPassage(each.passage, candidate.passage, candidate.similarity)
            for each, candidate in zip(joined, found, strict=True)
        ]
        return Retrieval(tuple(told), doubtful=ranking.doubtful)

    async def _joined(self, ranked: Sequence[Passage], limit: int) -> list[Joined]:
        """With what else of their sections was found, or is fetched; alone, where it cannot be."""
        if self._index.sections is not None:
            return join(ranked, self._index.sections, limit)
        known = by_section(ranked)
        missing = neighbours(ranked[:limit], known)
        if missing:
            try:
                known = by_section((*await self._index.passages(missing), *ranked))
            except RetrievalUnavailable as failure:
                log.warning("passages are not joined with their neighbours: %s", failure.reason)
        return join(ranked, known, limit)

    async def ranking(self, question: str, *, previous: Sequence[str] = ()) -> Ranking:
        """Everything that was found for `question`, whatever the number of passages that is wanted.

        Raises what `found` raises.
        """
        contextual = in_context(question, previous)
        texts = [question] if contextual is None else [question, contextual]
        return _fitting(self._embedder.model, self._least, texts, await self.found(texts))

    async def found(self, texts: Sequence[str]) -> list[Found]:
        """What is found for each of the texts, whether it fits or not.

        Raises what the last `prepare` raised, RetrievalUnavailable, or QuotaExceeded of the embedder.
        """
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        state = self._state or await self.prepare()
        with span("embed"):
            vectors = await self._queries.embed(texts, state.dimensions)
        with span("search"):
            searches = [
                self._index.search(vector, search_terms(text), CANDIDATES)
                for text, vector in zip(texts, vectors, strict=True)
            ]
            # One alone needs no task of its own, in which it would wait for its turn.
            return [await searches[0]] if len(searches) == 1 else await asyncio.gather(*searches)


def _fitting(model: str, least: Verdict, texts: Sequence[str], found: Sequence[Found]) -> Ranking:
    """What fits of the searches for the question alone and, where there is one, for it in its context."""
    verdicts = [judge(text, each, model) for text, each in zip(texts, found, strict=True)]
    ranked = [each.ranked for each in found]
    fitting = [ranked[0]] if verdicts[0] >= least else []
    leading: Sequence[Candidate] = []
    # Two questions in one hold more terms than a passage that answers the second: what is in doubt fits.
    if len(ranked) > 1 and verdicts[1] >= Verdict.DOUBTFUL:
        if not changes_subject(texts[0], ranked[1]):
            leading = ranked[1][:LEADING]
            fitting.insert(0, ranked[1][LEADING:])
        elif fitting:
            # It may be the same subject in other words: "And if I would rather click?"
            fitting.append(ranked[1])
    if not fitting:
        return Ranking(ranked[0], fits=False)
    doubtful = max(verdicts) < Verdict.ANSWERED
    if len(ranked) == 1:
        return Ranking(ranked[0], fits=True, doubtful=doubtful)
    best: dict[str, Candidate] = {}
    for candidate in chain(leading, chain.from_iterable(zip_longest(*fitting))):
        if candidate is not None:
            best.setdefault(candidate.passage.content, candidate)
    return Ranking(tuple(best.values()), fits=True, doubtful=doubtful)


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
