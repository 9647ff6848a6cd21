"""Questions that ask for the same, found by their vectors or else by their words."""

import re
from collections.abc import Callable, Sequence

import numpy as np

from ragspace.models.protocols import Vector
from ragspace.retrieval.terms import question_terms

SAME_MEANING = {
    "all-MiniLM-L6-v2": 0.7,
    # A guess: Gemini's cosines are known to start near 0.5 for unrelated texts.
    "gemini-embedding-001": 0.88,
    "gemini-embedding-2": 0.88,
}
"""The cosine from which on two questions count as one, by embedding model; for another, words decide."""

SAME_WORDS = 0.6
"""The share of the terms of both that two questions have in common, where words decide."""

_NOT_WORDS = re.compile(r"[\W_]+")

Groups = list[list[int]]
"""Positions in the questions given; the first of each group is the one that the others are like."""


def normalised(question: str) -> str:
    """`question` as it counts when it is compared letter by letter: neither case nor punctuation matter."""
    return _NOT_WORDS.sub(" ", question.casefold()).strip() or question.strip()


def grouped_by_meaning(vectors: Sequence[Vector], model: str) -> Groups:
    """Each question joins the first group whose first question is near enough. So the order decides: put
    what was asked most first. Raises KeyError for a model that SAME_MEANING does not know."""
    matrix = np.asarray(vectors, dtype=np.float32)
    least = SAME_MEANING[model]

    def near(one: int, leaders: Sequence[int]) -> int | None:
        like = matrix[leaders] @ matrix[one]
        best = int(like.argmax())
        return best if like[best] >= least else None

    return _grouped(len(vectors), near)


def grouped_by_words(questions: Sequence[str]) -> Groups:
    """The same by the stems of the words, without those that every question has."""
    terms = [frozenset(question_terms(question).indices) for question in questions]

    def near(one: int, leaders: Sequence[int]) -> int | None:
        shares = [_share(terms[one], terms[leader]) for leader in leaders]
        best = max(range(len(leaders)), key=shares.__getitem__)
        return best if shares[best] >= SAME_WORDS else None

    return _grouped(len(questions), near)


def _grouped(count: int, near: Callable[[int, Sequence[int]], int | None]) -> Groups:
    groups: Groups = []
    leaders: list[int] = []
    for one in range(count):
        group = near(one, leaders) if leaders else None
        if group is None:
            groups.append([one])
            leaders.append(one)
        else:
            groups[group].append(one)
    return groups


def _share(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0
