"""How rare each term of a question is in an index that tells only the scores of what it found."""

import math
from collections.abc import Mapping, Sequence
from operator import mul

LEAST_RARITY = 0.05
ROUNDS = 12

Weights = Mapping[int, float]
"""By term."""


def inverse_document_frequency(holding: int, indexed: int) -> float:
    """BM25's, as the engine reckons it, of a term that so many of the passages hold."""
    return math.log(1 + (indexed - holding + 0.5) / (holding + 0.5))


def rarities(
    sought: Weights, held: Sequence[Weights], scores: Sequence[float], indexed: int
) -> dict[int, float]:
    """The inverse document frequency, in an index of `indexed` passages, of each term that is `sought`.

    A BM25 score is the sum over the terms of their rarity times their weights in the question (`sought`) and
    in the passage (`held`), and scores and weights are known: the rarities follow by least squares. A term
    that no candidate holds is taken to be nowhere, since BM25 would have brought up what holds it. Where the
    index knows no terms, the candidates stand for the index.
    """
    absent = inverse_document_frequency(0, indexed)
    columns = {term: [weight * weights.get(term, 0.0) for weights in held] for term, weight in sought.items()}
    if not any(scores):
        return {term: _among_candidates(column) for term, column in columns.items()}
    known = [term for term, column in columns.items() if any(column)]
    estimates = _least_squares([columns[term] for term in known], scores, LEAST_RARITY, absent)
    return dict.fromkeys(sought, absent) | dict(zip(known, estimates, strict=True))


def _among_candidates(column: Sequence[float]) -> float:
    return inverse_document_frequency(len(column) - column.count(0.0), len(column))


def _least_squares(
    columns: Sequence[Sequence[float]], scores: Sequence[float], least: float, most: float
) -> list[float]:
    """The factors of the `columns`, each from `least` to `most`, whose sum comes nearest to the `scores`:
    Gauss-Seidel on the normal equations."""
    equations = []
    for place, column in enumerate(columns):
        others = [_product(column, other) for other in columns]
        own, others[place] = others[place], 0.0
        equations.append((place, _product(column, scores) / own, [-product / own for product in others]))
    factors = [most / 2] * len(columns)
    for _ in range(ROUNDS):
        for place, constant, others in equations:
            factor = constant + _product(others, factors)
            factors[place] = min(max(factor, least), most)
    return factors


def _product(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(map(mul, one, other), 0.0)
