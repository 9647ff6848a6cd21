"""From candidates with two scores to the order in which an answer may use their passages.

Everything here is pure; docs/evaluation.md tells what the constants were measured on.
"""

import math
from collections import Counter
from collections.abc import Sequence
from operator import add
from statistics import fmean

from ragspace.retrieval.joining import neighbourhoods
from ragspace.retrieval.protocols import Candidate
from ragspace.retrieval.terms import held_terms, question_terms

LEXICAL_WEIGHT = 0.25
"""How many standard deviations of the cosine a point of BM25 counts. Cosines spread differently with every
embedder, BM25 counts alike with all; and where no passage has the question's words it counts little, which
a score stretched to 0..1 would not tell."""

EXAMINED = 5
"""How many of the best passages the question's terms are looked for in."""

OWN_SUBJECT_TERMS = 2
OWN_SUBJECT_COVERAGE = 0.2
"""A follow-up of so many terms, of which the passages found hold a smaller share, changes the subject."""


def rank(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates, best first, each content once.

    The score is a sum (Bruch et al. 2023, https://arxiv.org/abs/2210.11934): of the cosine, as its distance
    from the candidates' mean in their standard deviations, and of the weighted BM25. Each is the best that
    the passage or a neighbour in its section has, since it is with these that it is told.
    """
    similarity = _standardised([candidate.similarity for candidate in candidates])
    lexical = [LEXICAL_WEIGHT * candidate.lexical for candidate in candidates]
    alone = list(map(add, similarity, lexical))
    together = alone.copy()
    for place, near in neighbourhoods([candidate.passage for candidate in candidates]):
        together[place] = max([similarity[i] for i in near]) + max([lexical[i] for i in near])
    order = sorted(
        range(len(candidates)),
        key=lambda i: (-together[i], -alone[i], candidates[i].passage.file, candidates[i].passage.part),
    )
    return _distinct([candidates[i] for i in order])


def changes_subject(question: str, ranked: Sequence[Candidate]) -> bool:
    """Whether a follow-up has nothing to do with what was `ranked` for it behind the question it leans on.

    What was said before always finds something. A follow-up that names two things and more, of which the
    passages found know none, is about something else.
    """
    terms = len(question_terms(question).indices)
    return terms >= OWN_SUBJECT_TERMS and coverage(question, ranked) < OWN_SUBJECT_COVERAGE


def coverage(question: str, ranked: Sequence[Candidate]) -> float:
    """The share (0 to 1) of the question's terms that the best suited of the first passages holds.

    Each term weighs as much as it is rare among the candidates, so that a name which occurs in none of them
    counts most against them, and `use` hardly counts at all.
    """
    asked = set(question_terms(question).indices)
    held = [asked.intersection(held_terms(candidate.passage)) for candidate in ranked]
    holders = Counter(term for terms in held for term in terms)
    weights = {term: math.log((len(held) + 1) / (holders[term] + 0.5)) for term in asked}
    total = math.fsum(weights.values())
    if not total:
        return 0.0
    found = (math.fsum(weights[term] for term in terms) for terms in held[:EXAMINED])
    return max(found, default=0.0) / total


def _standardised(scores: Sequence[float]) -> list[float]:
    if not scores:
        return []
    mean, deviation = fmean(scores), spread(scores)
    return [(score - mean) / deviation if deviation else 0.0 for score in scores]


def spread(scores: Sequence[float]) -> float:
    """The standard deviation of one score and more; `statistics.pstdev` is exact, at fifty times the cost."""
    return math.dist(scores, [fmean(scores)] * len(scores)) / math.sqrt(len(scores))


def _distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.passage.content, candidate)
    return list(first.values())
