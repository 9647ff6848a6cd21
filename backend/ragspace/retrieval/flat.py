"""A small index in memory, searched exactly and ranked as columns.

`assessment.py` and `ranking.py` do the same with candidates that an index elsewhere tells of.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import accumulate
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ragspace.documents.passage import Passage
from ragspace.models.protocols import Vector
from ragspace.retrieval.evidence import LOOKED_AT
from ragspace.retrieval.joining import REACH, by_section
from ragspace.retrieval.protocols import Candidate, Found, SoughtTerm, SparseVector
from ragspace.retrieval.ranking import LEXICAL_WEIGHT
from ragspace.retrieval.rarity import inverse_document_frequency

Scores = NDArray[np.float64]
Rows = NDArray[np.intp]

NOWHERE = LOOKED_AT
"""The place of what is not among the first."""

LEAST = np.array([[-math.inf], [math.ulp(0.0)]])
"""The least cosine and BM25 score of what is found: one at least of the terms."""

_candidate = partial(tuple.__new__, Candidate)
"""As Candidate._make, in a quarter of its time."""


class _Posting(NamedTuple):
    """The passages that hold a term, how many they are, what each adds to a BM25 score, and the term's
    rarity."""

    rows: Rows
    length: int
    scores: Scores
    rarity: float


class _Held(NamedTuple):
    """The postings of the terms that are sought and held by any passage, one and more; `rows` are those of
    all postings, one after the other."""

    sought: Sequence[int]
    weights: Sequence[float]
    postings: Sequence[_Posting]
    rows: Rows

    def scores(self, passages: int) -> Scores:
        """Each row's BM25 score."""
        weighted = [
            posting.scores if weight == 1.0 else weight * posting.scores
            for weight, posting in zip(self.weights, self.postings, strict=True)
        ]
        return cast("Scores", np.bincount(self.rows, np.concatenate(weighted), passages))

    def terms(self, places: Rows) -> dict[int, SoughtTerm]:
        """What is known of each, by the rows' places; NOWHERE are those that are not among the first."""
        starts = accumulate([posting.length for posting in self.postings[:-1]], initial=0)
        foremost = np.minimum.reduceat(places.take(self.rows), list(starts)).tolist()
        return {
            term: SoughtTerm(posting.rarity, place if place < NOWHERE else None)
            for term, posting, place in zip(self.sought, self.postings, foremost, strict=True)
        }


class FlatIndex:
    """Every passage of an index, one or more, a row for each in the order of the documents; searched by going
    through all of them, as FAISS's flat index is.

    `sections` holds them by section.
    """

    def __init__(self, contents: Iterable[tuple[Passage, Vector, SparseVector]]) -> None:
        in_order = sorted(contents, key=lambda each: (each[0].file, each[0].part))
        passages, vectors, terms = zip(*in_order, strict=True)
        self._passages: Sequence[Passage] = passages
        self._vectors = np.array(vectors, dtype=np.float32)
        self._postings = _postings(terms)
        self._absent = inverse_document_frequency(0, len(passages))
        self._near = _neighbours(passages)
        self._unfound = np.full((2, len(passages) + 1), -np.inf)
        self._first_places = np.arange(LOOKED_AT)
        self._nowhere = np.full(len(passages), NOWHERE)
        self._originals = _originals(passages)
        self.sections = by_section(passages)

    def search(self, vector: Sequence[float], terms: SparseVector, limit: int) -> Found:
        """As PassageIndex.search."""
        held = self._held(terms)
        scores = np.zeros((2, len(self._passages)))
        scores[0] = self._vectors @ np.asarray(vector, dtype=np.float32)
        if held is not None:
            scores[1] = held.scores(len(self._passages))
        rows = self._best(scores, limit)
        own = scores.take(rows, axis=1)
        np.minimum(np.maximum(own[0], 0.0), 1.0, out=own[0])
        order = self._order(rows, own)
        ranked = rows.take(order)
        cosines, lexical = own.take(order, axis=1).tolist()
        passages = map(self._passages.__getitem__, ranked.tolist())
        known = dict.fromkeys(terms.indices, SoughtTerm(self._absent, None))
        if held is not None:
            places = self._nowhere.copy()
            places[ranked[:LOOKED_AT]] = self._first_places[: len(ranked)]
            known |= held.terms(places)
        return Found([*map(_candidate, zip(passages, cosines, lexical, strict=True))], known)

    def _held(self, terms: SparseVector) -> _Held | None:
        weighted = zip(terms.indices, terms.values, strict=True)
        held = [(term, weight, self._postings[term]) for term, weight in weighted if term in self._postings]
        if not held:
            return None
        sought, weights, postings = zip(*held, strict=True)
        return _Held(sought, weights, postings, np.concatenate([posting.rows for posting in postings]))

    def _best(self, scores: Scores, limit: int) -> Rows:
        """The rows of the best `limit` by either score, and what is level with the last of them."""
        last = len(self._passages) - limit
        if last <= 0:
            return np.arange(len(self._passages))
        ordered = scores.copy()
        ordered.partition(last)
        found = scores >= np.maximum(ordered[:, last : last + 1], LEAST)
        rows: Rows = (found[0] | found[1]).nonzero()[0]
        return rows

    def _order(self, rows: Rows, own: Scores) -> Rows:
        """The places among `rows` by rank, each content once: the formula is that of `ranking.rank`, without
        the subtraction that changes no order."""
        distance = own[0] - np.add.reduce(own[0]) / len(rows)
        spread = math.sqrt(distance.dot(distance) / len(rows)) or 1.0
        weights = np.array((-1.0 / spread, -LEXICAL_WEIGHT))
        found = self._unfound.copy()
        found[:, rows] = own
        around = np.maximum.reduce(found.take(self._near.take(rows, axis=1), axis=1), axis=1)
        order: Rows = np.lexsort((weights @ own, weights @ around))
        if self._originals is None:
            return order
        _, first = np.unique(self._originals[rows[order]], return_index=True)
        first.sort()
        return order[first]


def _postings(terms: Sequence[SparseVector]) -> dict[int, _Posting]:
    held: defaultdict[int, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
    for row, sparse in enumerate(terms):
        for term, weight in zip(sparse.indices, sparse.values, strict=True):
            rows, weights = held[term]
            rows.append(row)
            weights.append(weight)
    postings = {}
    for term, (rows, weights) in held.items():
        rarity = inverse_document_frequency(len(rows), len(terms))
        postings[term] = _Posting(np.array(rows), len(rows), rarity * np.array(weights), rarity)
    return postings


def _neighbours(passages: Sequence[Passage]) -> Rows:
    """(2 * REACH + 1, passages): the rows of a passage and of its neighbours in its section; where there is
    none, the row after the last."""
    rows = {(each.section_key, each.part): row for row, each in enumerate(passages)}
    after_last = len(passages)
    return np.array(
        [
            [rows.get((each.section_key, each.part + step), after_last) for each in passages]
            for step in range(-REACH, REACH + 1)
        ]
    )


def _originals(passages: Sequence[Passage]) -> Rows | None:
    """The first row that has each row's content; None where all have contents of their own."""
    first: dict[str, int] = {}
    originals = [first.setdefault(each.content, row) for row, each in enumerate(passages)]
    return None if len(first) == len(passages) else np.array(originals)
