"""A small index in memory, searched exactly and ranked as columns.

`assessment.py` and `ranking.py` do the same with candidates that an index elsewhere tells of.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np

from ragspace.documents.passage import Passage
from ragspace.models.protocols import Vector
from ragspace.retrieval.evidence import LOOKED_AT
from ragspace.retrieval.joining import REACH, by_section
from ragspace.retrieval.protocols import Candidate, Found, SoughtTerm, SparseVector
from ragspace.retrieval.ranking import LEXICAL_WEIGHT
from ragspace.retrieval.rarity import inverse_document_frequency

# As numpy.typing.NDArray, which the image leaves out.
Scores = np.ndarray[tuple[Any, ...], np.dtype[np.float64]]
Rows = np.ndarray[tuple[Any, ...], np.dtype[np.intp]]

Sought = tuple[Sequence[float], SparseVector]
"""A question's vector, of the index's dimensions, and its terms."""

LEAST = np.array([[[-math.inf]], [[math.ulp(0.0)]]])
"""The least cosine and BM25 score of what is found: one at least of the terms."""

RANKS = np.arange(LOOKED_AT)

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
    """A term that is held by any passage and sought by the question of this number, and its weight there."""

    number: int
    term: int
    weight: float
    posting: _Posting

    @property
    def scores(self) -> Scores:
        """What it adds to the passages' BM25 scores."""
        return self.posting.scores if self.weight == 1.0 else self.weight * self.posting.scores


class FlatIndex:
    """Every passage of an index, one or more, a row for each in the order of the documents; searched by going
    through all of them, as FAISS's flat index is.

    `sections` holds them by section.
    """

    def __init__(self, contents: Iterable[tuple[Passage, Vector, SparseVector]]) -> None:
        in_order = sorted(contents, key=lambda each: (each[0].file, each[0].part))
        passages, vectors, terms = zip(*in_order, strict=True)
        self._passages: Sequence[Passage] = passages
        self._width = len(passages) + 1
        """How many places each question's scores take: the last is nobody's, and the neighbour of whoever has
        none."""
        self._vectors = np.array(vectors, dtype=np.float32).T
        self._postings = _postings(terms)
        self._absent = SoughtTerm(inverse_document_frequency(0, len(passages)), None)
        self._near = _neighbours(passages)
        self._originals = _originals(passages)
        self.sections = by_section(passages)

    def search(self, questions: Sequence[Sought], limit: int) -> list[Found]:
        """As PassageIndex.search, for one question or more: for some of them NumPy takes hardly longer than
        for one."""
        held = self._held(questions)
        holders = self._holders(held)
        scores = self._scores(questions, held, holders)
        numbers, rows = self._best(scores, limit)
        places = rows + numbers * self._width
        own = scores.reshape(2, -1).take(places, axis=1)
        np.minimum(np.maximum(own[0], 0.0), 1.0, out=own[0])
        order = self._order(numbers, rows, own)
        passages = map(self._passages.__getitem__, rows.take(order).tolist())
        candidates = [*map(_candidate, zip(passages, *own.take(order, axis=1).tolist(), strict=True))]
        ends = np.bincount(numbers.take(order)).cumsum().tolist()
        ranked = [candidates[begin:end] for begin, end in pairwise([0, *ends])]
        known = [dict.fromkeys(terms.indices, self._absent) for _, terms in questions]
        if held:
            foremost = self._foremost(held, holders, places.take(order), ends)
            for each, place in zip(held, foremost, strict=True):
                known[each.number][each.term] = SoughtTerm(
                    each.posting.rarity, place if place < LOOKED_AT else None
                )
        return list(map(Found, ranked, known))

    def _held(self, questions: Sequence[Sought]) -> list[_Held]:
        postings = self._postings
        return [
            _Held(number, term, weight, postings[term])
            for number, (_, terms) in enumerate(questions)
            for term, weight in zip(terms.indices, terms.values, strict=True)
            if term in postings
        ]

    def _holders(self, held: Sequence[_Held]) -> Rows:
        """The places of the passages that hold the terms, one term after the other."""
        if not held:
            return np.empty(0, dtype=np.intp)
        begins = np.array([each.number * self._width for each in held])
        rows = np.concatenate([each.posting.rows for each in held])
        holders: Rows = rows + begins.repeat([each.posting.length for each in held])
        return holders

    def _scores(self, questions: Sequence[Sought], held: Sequence[_Held], holders: Rows) -> Scores:
        """(2, questions, width): the cosines and the BM25 scores."""
        scores = np.zeros((2, len(questions), self._width))
        vectors = np.array([vector for vector, _ in questions], dtype=np.float32)
        scores[0, :, :-1] = vectors @ self._vectors
        scores[0, :, -1] = -np.inf
        if held:
            weighted = np.concatenate([each.scores for each in held])
            scores[1] = np.bincount(holders, weighted, scores[1].size).reshape(scores[1].shape)
        return scores

    def _best(self, scores: Scores, limit: int) -> tuple[Rows, Rows]:
        """The best `limit` of each question by either score, and what is level with the last of them: the
        question's number and the row of each, in order."""
        last = max(1, self._width - limit)
        ordered = scores.copy()
        ordered.partition(last)
        best = scores >= np.maximum(ordered[:, :, last : last + 1], LEAST)
        numbers, rows = (best[0] | best[1]).nonzero()
        return numbers, rows

    def _order(self, numbers: Rows, rows: Rows, own: Scores) -> Rows:
        """Whose turn it is, question by question, by rank and each content once: the formula is that of
        `ranking.rank`, but lower is better, and what is subtracted there from all alike is not here."""
        counts = np.bincount(numbers)
        distance = own[0] - (np.bincount(numbers, own[0]) / counts).take(numbers)
        spread = np.sqrt(np.bincount(numbers, distance * distance) / counts)
        spread[spread == 0.0] = 1.0
        weighted = own * -LEXICAL_WEIGHT
        np.divide(own[0], -spread.take(numbers), out=weighted[0])
        begins = numbers * self._width
        found = np.full((2, len(counts) * self._width), np.inf)
        found[:, rows + begins] = weighted
        around = np.minimum.reduce(found.take(self._near.take(rows, axis=1) + begins, axis=1), axis=1)
        order: Rows = np.lexsort((np.add.reduce(weighted), np.add.reduce(around), numbers))
        if self._originals is None:
            return order
        contents = self._originals.take(rows) + begins
        _, first = np.unique(contents.take(order), return_index=True)
        first.sort()
        return order[first]

    def _foremost(self, held: Sequence[_Held], holders: Rows, places: Rows, ends: Sequence[int]) -> list[int]:
        """By term, the rank from 0 of the first that holds it; LOOKED_AT where none of the first does."""
        ranks = np.full(len(ends) * self._width, LOOKED_AT)
        for begin, end in pairwise([0, *ends]):
            first = places[begin : min(end, begin + LOOKED_AT)]
            ranks[first] = RANKS[: len(first)]
        begins = accumulate([each.posting.length for each in held[:-1]], initial=0)
        foremost: list[int] = np.minimum.reduceat(ranks.take(holders), list(begins)).tolist()
        return foremost


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
