"""What the passages found say about whether the documents answer a question, in a few numbers.

No model is asked, and everything here is pure.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from ragspace.retrieval.protocols import Candidate
from ragspace.retrieval.ranking import spread
from ragspace.retrieval.rarity import Weights, rarities
from ragspace.retrieval.terms import held_terms, question_terms, search_terms

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


def gather(question: str, ranked: Sequence[Candidate], indexed: int) -> Evidence:
    """The evidence of `ranked`, best first, from an index of so many passages."""
    similarities = sorted((candidate.similarity for candidate in ranked), reverse=True)
    best = similarities[0] if similarities else -1.0
    background = similarities[BACKGROUND]
    told = len(background) >= FEW
    contrast = best - fmean(background) if told else None
    deviation = spread(background) if told else 0.0
    looked_at = ranked[:LOOKED_AT]
    held = [held_terms(each.passage) for each in looked_at]
    asked = frozenset(question_terms(question).indices)
    sought = search_terms(question).by_term()
    scores = [each.lexical for each in looked_at]
    rarity = rarities(sought, held, scores, indexed)
    total = math.fsum(rarity[term] for term in asked)
    found = Counter(term for terms in held for term in asked.intersection(terms))
    first = asked.intersection(held[0]) if held else frozenset()
    return Evidence(
        similarity=best,
        contrast=contrast,
        standing=contrast / deviation if contrast is not None and deviation else None,
        coverage=math.fsum(rarity[term] for term in first) / total if total else 0.0,
        unknown=math.fsum(rarity[term] for term in asked if not found[term]) / total if total else 1.0,
        names=_missing_names(question, held[:NAMES_LOOKED_FOR]),
    )


def _missing_names(question: str, held: Sequence[Weights]) -> int:
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
        missing += bool(terms) and not any(term in passage for passage in held for term in terms)
    return min(missing, 2)
