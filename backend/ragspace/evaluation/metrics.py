"""How well a ranking of sections serves a question. `ranked` is best first; all results are 0 to 1."""

import math
import random
from collections.abc import Sequence

RESAMPLES = 2000


def recall(ranked: Sequence[str], relevant: frozenset[str], k: int) -> float:
    """The share of the relevant sections that are among the first `k`."""
    return len(relevant.intersection(ranked[:k])) / len(relevant)


def reciprocal_rank(ranked: Sequence[str], relevant: frozenset[str], k: int) -> float:
    """One over the rank of the first relevant section; 0 where none is among the first `k`."""
    return next((1 / rank for rank, section in enumerate(ranked[:k], start=1) if section in relevant), 0.0)


def ndcg(ranked: Sequence[str], relevant: frozenset[str], k: int) -> float:
    """Normalised discounted cumulative gain of the first `k` (Järvelin and Kekäläinen 2002), with a gain of 1
    for a relevant section."""
    gained = math.fsum(1 / math.log2(i + 2) for i, section in enumerate(ranked[:k]) if section in relevant)
    ideal = math.fsum(1 / math.log2(i + 2) for i in range(min(k, len(relevant))))
    return gained / ideal


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan


def interval(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """The 95 % confidence interval of the mean, by bootstrap: the percentiles of the means of samples drawn
    with replacement (Efron 1979)."""
    if not values:
        return math.nan, math.nan
    draw = random.Random(seed)  # noqa: S311 - statistics, not secrecy
    means = sorted(mean(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return means[round(RESAMPLES * 0.025)], means[round(RESAMPLES * 0.975) - 1]
