"""Whether the documents answer a question: a logistic regression on the evidence, fitted per embedder.

What it was fitted on and how well it does on other documents: docs/evaluation.md.
"""

import re
from enum import IntEnum

from ragspace.retrieval.calibrated import CALIBRATED, SCALE_FREE
from ragspace.retrieval.evidence import gather
from ragspace.retrieval.protocols import Found
from ragspace.retrieval.terms import question_terms

ENGLISH = 0.25
"""The share of English function words (`how`, `the`) from which on a text is taken for English."""


class Verdict(IntEnum):
    """FOREIGN: nearly every question that has an answer looks better. DOUBTFUL: most of them do; only who
    reads the passages can tell. ANSWERED: one of the passages may well answer."""

    FOREIGN = 0
    DOUBTFUL = 1
    ANSWERED = 2


def judge(question: str, found: Found, embedding_model: str) -> Verdict:
    """What was `found` for `question` says about it.

    With an embedder that was not calibrated, as Gemini's, only what no embedder's scale is part of is looked
    at. And since such an embedder may know a language that the terms do not, a question that shares no term
    with the documents and is not in English is left to who reads the passages.
    """
    if not found.ranked:
        return Verdict.FOREIGN
    evidence = gather(question, found)
    calibration = CALIBRATED.get(embedding_model)
    if calibration is None and evidence.unknown == 1.0 and not _is_english(question):
        return Verdict.DOUBTFUL
    calibration = calibration or SCALE_FREE
    log_odds = calibration.log_odds(evidence)
    if log_odds < calibration.foreign:
        return Verdict.FOREIGN
    return Verdict.DOUBTFUL if log_odds < calibration.doubtful else Verdict.ANSWERED


def _is_english(question: str) -> bool:
    words = re.findall(r"[^\W_]+", question)
    empty = sum(not question_terms(word).indices for word in words)
    return empty >= ENGLISH * len(words)
