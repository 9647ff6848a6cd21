"""Text as BM25 terms, the same for the embedded engine and for a Qdrant server.

The engine's tokenizer splits at everything that is no letter or digit, lower-cases, drops English stop words
and stems. Identifiers are also kept the other way round: `QDRANT_API_KEY` gives `qdrant`, `api`, `key` and
`qdrantapikey`; `outputDimensionality` gives itself, `output` and `dimensionality`. So an identifier finds its
own mention first, and prose that spells it differently second.
"""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from ragspace.documents.passage import Passage
from ragspace.retrieval.protocols import SparseVector

if TYPE_CHECKING:
    from qdrant_edge import Bm25

AVERAGE_TERMS = 64
"""BM25's average length of a passage, in terms after stop words: the best of 30, 45, 64 and 90."""

AVERAGE_HEADING_TERMS = 8

HEADING_WEIGHT = 0.25
"""What a term in a section's own heading counts beside what it counts in the text. At 0 the right section
comes first less often, from 0.35 on it is found less often where readers use other words."""

KEPT_QUESTIONS = 64
"""Questions, and words of them, whose terms are kept."""

KEPT_PASSAGES = 1024
"""How many passages' terms are kept, some 8 KB each: to find them takes longer than all the rest."""

_HEADING = 0x5EC7104E
"""Terms of headings are dimensions of their own, with a rarity of their own: the hash with these bits
flipped."""

# Each is looked for from a word's beginning only, and without going back: a text in a script without spaces
# is one long word, and the event loop waits for it.
_COMPOUND = re.compile(r"(?<![^\W_])[^\W_]++(?:[_\-./:]++[^\W_]++)++")
_WORD = re.compile(r"[^\W_]+")
_CAMEL_CASE = re.compile(r"[a-z0-9][A-Z]|[A-Z]{2}[a-z]")
_CAMEL_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


@cache
def _bm25() -> "Bm25":
    from qdrant_edge import Bm25, Bm25Config

    return Bm25(Bm25Config(language="english", ascii_folding=True, avg_len=AVERAGE_TERMS))


@cache
def _heading_bm25() -> "Bm25":
    from qdrant_edge import Bm25, Bm25Config

    # Short headings differ little in how much they say: their length counts less than a text's (b 0.75).
    return Bm25(Bm25Config(language="english", ascii_folding=True, avg_len=AVERAGE_HEADING_TERMS, b=0.3))


def with_identifiers(text: str) -> str:
    """`text` followed by the other forms of the identifiers in it."""
    joined = [re.sub(r"[_\-./:]+", "", compound) for compound in _COMPOUND.findall(text)]
    mixed = (word for word in _WORD.findall(text) if _CAMEL_CASE.search(word))
    split = [part for word in mixed for part in _CAMEL_PARTS.findall(word)]
    return " ".join((text, *joined, *split))


def index_terms(passage: Passage) -> SparseVector:
    """What a passage is found by: the terms of its text with the heading path, and those of its section's own
    heading as dimensions of their own."""
    text = passage_terms(passage.text_to_embed)
    if not passage.heading_path:
        return text
    heading = _heading_bm25().embed_document(with_identifiers(passage.heading_path[-1]))
    return _with_heading(text, SparseVector(heading.indices, heading.values))


@lru_cache(KEPT_PASSAGES)
def held_terms(passage: Passage) -> Mapping[int, float]:
    """The weights of `index_terms` by term. Asked for again whenever the passage is found."""
    return index_terms(passage).by_term()


def search_terms(question: str) -> SparseVector:
    """What `index_terms` is searched by."""
    text = question_terms(question)
    return _with_heading(text, SparseVector(text.indices, [HEADING_WEIGHT] * len(text.indices)))


def _with_heading(text: SparseVector, heading: SparseVector) -> SparseVector:
    weights = {index ^ _HEADING: value for index, value in heading.by_term().items()}
    weights |= text.by_term()
    return SparseVector([*weights], [*weights.values()])


def passage_terms(text: str) -> SparseVector:
    """Saturated, length-normalised term frequencies: BM25's part that the passage decides (k 1.2, b 0.75).

    The other part, the terms' rarity, is the index's (its sparse vector has the modifier `idf`).
    """
    vector = _bm25().embed_document(with_identifiers(text))
    return SparseVector(vector.indices, vector.values)


@lru_cache(KEPT_QUESTIONS)
def question_terms(text: str) -> SparseVector:
    """Each distinct term with the weight 1. Asked for at every step of a question's way."""
    vector = _bm25().embed_query(with_identifiers(text))
    return SparseVector(vector.indices, vector.values)
