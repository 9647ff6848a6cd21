"""What the candidates of an index amount to that tells no more of them than their scores."""

from collections.abc import Sequence

from ragspace.retrieval.evidence import LOOKED_AT
from ragspace.retrieval.protocols import Candidate, Found, SoughtTerm, SparseVector
from ragspace.retrieval.ranking import rank
from ragspace.retrieval.rarity import rarities
from ragspace.retrieval.terms import held_terms


def assess(candidates: Sequence[Candidate], sought: SparseVector, indexed: int) -> Found:
    """The candidates, found by the terms that are `sought` in an index of so many passages, ranked; how rare
    the terms are is told from the scores."""
    ranked = rank(candidates)
    first = ranked[:LOOKED_AT]
    held = [held_terms(each.passage) for each in first]
    rarity = rarities(sought.by_term(), held, [each.lexical for each in first], indexed)
    terms = {
        term: SoughtTerm(rarity[term], next((place for place, has in enumerate(held) if term in has), None))
        for term in sought.indices
    }
    return Found(ranked, terms)
