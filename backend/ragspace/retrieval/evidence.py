"""What the passages found say about whether the documents answer a question, in a few numbers.

No model is asked, and everything here is pure.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean

from ragspace.retrieval.protocols import Found, SoughtTerm
from ragspace.retrieval.ranking import spread
from ragspace.retrieval.terms import question_terms

LOOKED_AT = 20
"""How many of the best candidates the numbers come from, whatever the number of passages wanted."""

BACKGROUND = slice(5, LOOKED_AT)
"""The candidates, by similarity, that a good passage should stand out from."""

FEW = 3
"""With fewer candidates in the background nothing is said about it."""

NAMES_LOOKED_FOR = 5
"""A name or identifier of the question is looked for in so many of the best passages."""

_WORD = re.compile(r"[^\W_][\w.\-]*")
_IDENTIFIER = re.compile(r"\d|[a-z][A-Z]|_")


@dataclass(frozen=True, slots=True)
class Evidence:
    """`similarity` is the best cosine, `contrast` by how much it exceeds the mean of the background, and
    `standing` the same in standard deviations of the background: of that, a model's own scale is no part.
    Both are None where too little was found to tell.

    `coverage` is the share (0 to 1) of the question's terms, each weighing as much as it is rare in the
    index, that the first passage holds, and `unknown` the share that no passage found holds. `names` counts
    the names and identifiers in the question that none of the best passages mentions (2 at most).
    """

    similarity: float
    contrast: float | None
    standing: float | None
    coverage: float
    unknown: float
    names: int


def gather(question: str, found: Found) -> Evidence:
    """The evidence of what was found for the question's terms."""
    similarities = sorted([candidate.similarity for candidate in found.ranked], reverse=True)
    best = similarities[0] if similarities else -1.0
    background = similarities[BACKGROUND]
    told = len(background) >= FEW
    contrast = best - fmean(background) if told else None
    deviation = spread(background) if told else 0.0
    asked = [found.terms[term] for term in question_terms(question).indices]
    total = math.fsum([term.rarity for term in asked])
    return Evidence(
        similarity=best,
        contrast=contrast,
        standing=contrast / deviation if contrast is not None and deviation else None,
        coverage=math.fsum([term.rarity for term in asked if term.foremost == 0]) / total if total else 0.0,
        unknown=math.fsum([term.rarity for term in asked if term.foremost is None]) / total if total else 1.0,
        names=_missing_names(question, found.terms),
    )


def _missing_names(question: str, sought: Mapping[int, SoughtTerm]) -> int:
    """Names are known by a capital inside the sentence, identifiers by a digit, an underscore or a capital
    inside the word. Where most words have a capital, it tells nothing."""
    words = _WORD.findall(question)
    capitals = sum(word[0].isupper() for word in words)
    telling = 2 * capitals <= len(words)
    named = [
        word
        for number, word in enumerate(words)
        if _IDENTIFIER.search(word) or (telling and number > 0 and word[0].isupper() and word != "I")
    ]
    missing = 0
    for name in named:
        terms = question_terms(name).indices
        missing += bool(terms) and not any(_is_mentioned(sought.get(term)) for term in terms)
    return min(missing, 2)


def _is_mentioned(term: SoughtTerm | None) -> bool:
    return term is not None and term.foremost is not None and term.foremost < NAMES_LOOKED_FOR
