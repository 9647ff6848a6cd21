"""A small index in memory, searched exactly and ranked as columns.

`assessment.py` and `ranking.py` do the same with candidates that an index elsewhere tells of.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, cast

from ragspace.documents.passage import Passage
from ragspace.models.protocols import Vector
from ragspace.retrieval.evidence import LOOKED_AT
from ragspace.retrieval.joining import REACH, by_section
from ragspace.retrieval.protocols import Candidate, Found, SoughtTerm, SparseVector
from ragspace.retrieval.ranking import LEXICAL_WEIGHT
from ragspace.retrieval.rarity import inverse_document_frequency

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float64]
    Rows = NDArray[np.intp]

NOWHERE = LOOKED_AT
"""The place of what is not among the first."""


class _Posting(NamedTuple):
    """The passages that hold a term, what each adds to a BM25 score, and the term's rarity."""

    rows: "Rows"
    scores: "Scores"
    rarity: float


@dataclass(frozen=True, slots=True)
class _Holders:
    """The postings of the terms that are sought and held by any passage, with the terms' weights in the
    question; `rows` are those of all postings, one after the other."""

    sought: Sequence[int]
    weights: Sequence[float]
    postings: Sequence[_Posting]
    rows: "Rows | None"

    @classmethod
    def of(cls, terms: SparseVector, postings: Mapping[int, _Posting]) -> "_Holders":
        import numpy as np

        weighted = zip(terms.indices, terms.values, strict=True)
        held = [(term, weight, postings[term]) for term, weight in weighted if term in postings]
        if not held:
            return cls((), (), (), None)
        sought, weights, own = zip(*held, strict=True)
        return cls(sought, weights, own, np.concatenate([posting.rows for posting in own]))

    def scores(self, passages: int) -> "Scores":
        """Each row's BM25 score."""
        import numpy as np

        if self.rows is None:
            return np.zeros(passages)
        parts = np.concatenate([posting.scores for posting in self.postings])
        weights = np.repeat(self.weights, self._lengths())
        return cast("Scores", np.bincount(self.rows, parts * weights, passages))

    def terms(self, places: "Rows") -> dict[int, SoughtTerm]:
        """What is known of each, by the rows' places; NOWHERE are those that are not among the first."""
        import numpy as np

        if self.rows is None:
            return {}
        starts = list(accumulate(self._lengths(), initial=0))
        foremost = np.minimum.reduceat(places[self.rows], starts[:-1]).tolist()
        return {
            term: SoughtTerm(posting.rarity, place if place < NOWHERE else None)
            for term, posting, place in zip(self.sought, self.postings, foremost, strict=True)
        }

    def _lengths(self) -> list[int]:
        return [len(posting.rows) for posting in self.postings]


class FlatIndex:
    """Every passage of an index, one or more, a row for each in the order of the documents; searched by going
    through all of them, as FAISS's flat index is.

    `sections` holds them by section.
    """

    def __init__(self, contents: Iterable[tuple[Passage, Vector, SparseVector]]) -> None:
        import numpy as np

        in_order = sorted(contents, key=lambda each: (each[0].file, each[0].part))
        passages, vectors, terms = zip(*in_order, strict=True)
        self._passages: Sequence[Passage] = passages
        self._vectors = np.array(vectors, dtype=np.float32)
        self._postings = _postings(terms)
        self._absent = inverse_document_frequency(0, len(passages))
        self._near = _neighbours(passages)
        self._originals = _originals(passages)
        self.sections = by_section(passages)

    def search(self, vector: Sequence[float], terms: SparseVector, limit: int) -> Found:
        """As PassageIndex.search."""
        import numpy as np

        holders = _Holders.of(terms, self._postings)
        similarity = self._vectors @ np.asarray(vector, dtype=np.float32)
        lexical = holders.scores(len(self._passages))
        rows = self._best(similarity, lexical, limit)
        cosines, scores = np.minimum(np.maximum(similarity[rows], 0.0), 1.0), lexical[rows]
        order = self._order(rows, cosines, scores)
        ranked = rows[order]
        passages = map(self._passages.__getitem__, ranked.tolist())
        candidates = list(map(Candidate, passages, cosines[order].tolist(), scores[order].tolist()))
        sought = dict.fromkeys(terms.indices, SoughtTerm(self._absent, None))
        places = np.full(len(self._passages), NOWHERE)
        places[ranked[:LOOKED_AT]] = np.arange(min(LOOKED_AT, len(ranked)))
        return Found(candidates, sought | holders.terms(places))

    def _best(self, similarity: "NDArray[np.float32]", lexical: "Scores", limit: int) -> "Rows":
        """The rows of the best `limit` by either score, and what is level with the last of them."""
        import numpy as np

        last = len(self._passages) - limit
        if last <= 0:
            return np.arange(len(self._passages))
        by_meaning = similarity >= np.partition(similarity, last)[last]
        by_terms = (lexical > 0.0) & (lexical >= np.partition(lexical, last)[last])
        rows: Rows = (by_meaning | by_terms).nonzero()[0]
        return rows

    def _order(self, rows: "Rows", cosines: "NDArray[np.float32]", scores: "Scores") -> "Rows":
        """The places among `rows` by rank, each content once: the formula is that of `ranking.rank`."""
        import numpy as np

        distance = cosines - np.add.reduce(cosines) / len(rows)
        spread = math.sqrt(distance.dot(distance) / len(rows)) or 1.0
        found = np.full((2, len(self._passages) + 1), -np.inf)
        found[:, rows] = own = np.array((distance / spread, LEXICAL_WEIGHT * scores))
        together = np.add.reduce(np.maximum.reduce(found[:, self._near[:, rows]], axis=1))
        order = np.lexsort((-np.add.reduce(own), -together))
        if self._originals is None:
            return order
        _, first = np.unique(self._originals[rows[order]], return_index=True)
        first.sort()
        return order[first]


def _postings(terms: Sequence[SparseVector]) -> dict[int, _Posting]:
    import numpy as np

    held: defaultdict[int, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
    for row, sparse in enumerate(terms):
        for term, weight in zip(sparse.indices, sparse.values, strict=True):
            rows, weights = held[term]
            rows.append(row)
            weights.append(weight)
    postings = {}
    for term, (rows, weights) in held.items():
        rarity = inverse_document_frequency(len(rows), len(terms))
        postings[term] = _Posting(np.array(rows), rarity * np.array(weights), rarity)
    return postings


def _neighbours(passages: Sequence[Passage]) -> "Rows":
    """(2 * REACH + 1, passages): the rows of a passage and of its neighbours in its section; where there is
    none, the row after the last."""
    import numpy as np

    rows = {(each.section_key, each.part): row for row, each in enumerate(passages)}
    after_last = len(passages)
    return np.array(
        [
            [rows.get((each.section_key, each.part + step), after_last) for each in passages]
            for step in range(-REACH, REACH + 1)
        ]
    )


def _originals(passages: Sequence[Passage]) -> "Rows | None":
    """The first row that has each row's content; None where all have contents of their own."""
    import numpy as np

    first: dict[str, int] = {}
    originals = [first.setdefault(each.content, row) for row, each in enumerate(passages)]
    return None if len(first) == len(passages) else np.array(originals)
