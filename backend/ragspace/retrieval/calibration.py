"""A logistic regression on the evidence: what weighs how much."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ragspace.retrieval.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Calibration:
    """`weights` are log odds per unit of an evidence's number, counted from its mean in `means`; `bias` is
    the log odds of evidence that is average in all. Below `foreign` lie 3 % of the questions with an answer,
    below `doubtful` 8 %.
    """

    bias: float
    foreign: float
    doubtful: float
    weights: Mapping[str, float]
    means: Mapping[str, float]

    def log_odds(self, evidence: Evidence) -> float:
        """How likely it is that there is an answer. What the evidence cannot tell counts as average."""
        told = [(name, weight, getattr(evidence, name)) for name, weight in self.weights.items()]
        return self.bias + math.fsum(
            [weight * (value - self.means[name]) for name, weight, value in told if value is not None]
        )
