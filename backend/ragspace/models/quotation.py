"""Choosing what to quote: which sentences, items and rows of the passages answer a question best."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from ragspace.documents.passage import Passage
from ragspace.models.quotable import Block, blocks

if TYPE_CHECKING:
    from qdrant_edge import Bm25

Terms = frozenset[int]
"""Stemmed words without stop words, as the embedded engine's text analysis numbers them."""

MAX_QUOTATIONS = 5
MAX_PASSAGES = 3
MAX_CHARACTERS = 1600
MAX_ITEMS = 10
"""Items or rows of one list or table that are quoted."""

MAX_BLOCK_CHARACTERS = 1200
"""A list, a table or code longer than this is not quoted whole."""

CONTEXT_WEIGHT = 0.5
"""What a term in the headings above or the sentence before counts, against one in the sentence itself."""

SAID_BEFORE = 0.5
"""What a term counts that an earlier quotation has already."""

LENGTH_COST = 0.01
"""What each word over 15 costs a sentence: the longer, the more terms it has by chance."""

CLOSE = 0.75
"""The part of the best item's weight from which on other items of a list or table are quoted with it."""

RANK_DISCOUNT = 0.85
"""What a passage counts against the one ranked before it: the ranking knows meanings, this only words."""

GOOD_ENOUGH = 0.5
"""The part of the best quotation's score that another one must reach."""

NEAR_DUPLICATE = 0.7
"""The Jaccard similarity of terms from which on two quotations say the same."""


@dataclass(frozen=True, slots=True)
class Quotation:
    """Something to quote. `source` and `place` say where it stands: passage, and block and unit in it."""

    source: int
    place: tuple[int, int]
    block: Block
    units: tuple[str, ...]
    terms: Terms
    score: float

    @property
    def size(self) -> int:
        return sum(map(len, (self.block.lead, self.block.head, *self.units)))


def quote(question: str, passages: Sequence[Passage], *, cite: bool) -> list[str]:
    """The pieces of an answer, in the order of reading; they are joined without anything between. Empty
    where nothing in the passages shares a term with the question."""
    asked = terms(question)
    read = [blocks(passage.content) for passage in passages]
    rarity = _rarity(asked, read)
    candidates = [
        candidate
        for source, passage in enumerate(passages)
        for candidate in _candidates(source, passage, read[source], rarity)
        if candidate.score > 0
    ]
    chosen = _choose(candidates, rarity)
    return _write(chosen, cite=cite)


def load() -> None:
    """Load what the first `quote` would otherwise wait for."""
    terms("")
    blocks("")


@cache
def _analysis() -> "Bm25":
    from qdrant_edge import Bm25, Bm25Config

    return Bm25(Bm25Config(language="english", ascii_folding=True))


def terms(text: str) -> Terms:
    return frozenset(_analysis().embed_query(text).indices)


def _rarity(asked: Terms, read: Iterable[Iterable[Block]]) -> dict[int, float]:
    """What each term of the question weighs: the less often the units have it, the more (BM25's idf)."""
    found: Counter[int] = Counter()
    total = 0
    for block in (block for passage in read for block in passage):
        for unit in block.units:
            total += 1
            found.update(asked & terms(unit))
    return {term: math.log(1 + (total - found[term] + 0.5) / (found[term] + 0.5)) for term in asked}


def _weight(found: Collection[int], rarity: dict[int, float]) -> float:
    return sum(rarity.get(term, 0.0) for term in found)


def _candidates(
    source: int, passage: Passage, read: Sequence[Block], rarity: dict[int, float]
) -> Iterator[Quotation]:
    above = terms(passage.heading)
    before: Terms = frozenset()
    for number, block in enumerate(read):
        headings = above | terms(block.heading)
        for place, units in _quotable(block, headings | before, rarity):
            own = terms(" ".join((block.lead, block.head, *units)))
            # A sentence that shares nothing itself is no answer because the one before it is; a list may be.
            context = headings | before if block.kind != "prose" or own & rarity.keys() else headings
            score = _score(block, units, own, context, rarity) * RANK_DISCOUNT**source
            yield Quotation(source, (number, place), block, units, own, score)
            before = terms(f"{block.lead} {units[-1]}") if units else frozenset()


def _quotable(
    block: Block, context: Terms, rarity: dict[int, float]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each sentence of prose by itself, of anything else what is quoted; with its place in the block."""
    if block.kind == "prose":
        yield from ((place, (sentence,)) for place, sentence in enumerate(block.units))
    elif units := _part(block, context, rarity):
        yield 0, units


def _part(block: Block, context: Terms, rarity: dict[int, float]) -> tuple[str, ...]:
    """What of a list, a table or code is quoted: all of it, if it is short and asked for as a whole (by what
    stands above it, or being steps); else the items or rows that the question asks for."""
    if block.kind in ("code", "quote"):
        return block.units if len(block.units[0]) <= MAX_BLOCK_CHARACTERS else ()
    introduction = context | terms(f"{block.lead} {block.head}")
    weights = [_weight(terms(unit) - introduction, rarity) for unit in block.units]
    best = max(weights)
    whole = _weight(introduction, rarity) >= best
    short = len(block.units) <= MAX_ITEMS and sum(map(len, block.units)) <= MAX_BLOCK_CHARACTERS
    if short and (whole or block.ordered):
        return block.units
    if best > 0:
        matching = (unit for unit, weight in zip(block.units, weights, strict=True) if weight >= CLOSE * best)
        return tuple(islice(matching, MAX_ITEMS))
    return block.units[:MAX_ITEMS] if whole else ()


def _score(
    block: Block, units: tuple[str, ...], own: Terms, context: Terms, rarity: dict[int, float]
) -> float:
    if block.kind in ("list", "table"):
        # Of many items some have any term: what counts is the best of them, with what introduces it.
        introduction = terms(f"{block.lead} {block.head}")
        own = max((introduction | terms(unit) for unit in units), key=lambda found: _weight(found, rarity))
    score = _weight(own, rarity) + CONTEXT_WEIGHT * _weight(context - own, rarity)
    return score * _shape(block, units)


def _shape(block: Block, units: tuple[str, ...]) -> float:
    """How good a quotation it makes by itself, whatever it is about."""
    if block.kind != "prose":
        return 1.0
    words = len(units[0].split())
    if words < 4 or units[0].endswith((":", "?")):
        return 0.5
    return 1 / (1 + LENGTH_COST * max(0, words - 15))


def _choose(candidates: Sequence[Quotation], rarity: dict[int, float]) -> list[Quotation]:
    """The best, each next one for what it adds; in order of the best passage, then of reading."""
    chosen: list[Quotation] = []
    remaining = sorted(candidates, key=lambda candidate: -candidate.score)
    covered: set[int] = set()
    room = MAX_CHARACTERS
    while remaining and len(chosen) < MAX_QUOTATIONS:
        best = max(remaining, key=lambda candidate: _gain(candidate, covered, rarity))
        remaining.remove(best)
        if chosen and _gain(best, covered, rarity) < GOOD_ENOUGH * chosen[0].score:
            break
        if chosen and not _adds(best, chosen, room):
            continue
        chosen.append(best)
        covered |= best.terms
        room -= best.size
    rank: dict[int, int] = {}
    for quotation in chosen:
        rank.setdefault(quotation.source, len(rank))
    return sorted(chosen, key=lambda quotation: (rank[quotation.source], quotation.place))


def _gain(candidate: Quotation, covered: Collection[int], rarity: dict[int, float]) -> float:
    """The score, less what of the question has been answered already. A list's or table's worth is in its
    items, not in the terms by which it was found."""
    if candidate.block.kind != "prose":
        return candidate.score
    said = _weight(candidate.terms & frozenset(covered), rarity)
    total = _weight(candidate.terms, rarity)
    return candidate.score * (1 - (1 - SAID_BEFORE) * said / total) if total else candidate.score


def _adds(candidate: Quotation, chosen: Sequence[Quotation], room: int) -> bool:
    sources = {quotation.source for quotation in chosen}
    if candidate.size > room or len(sources | {candidate.source}) > MAX_PASSAGES:
        return False
    return all(_similarity(candidate.terms, quotation.terms) < NEAR_DUPLICATE for quotation in chosen)


def _similarity(one: Terms, other: Terms) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0


def _write(chosen: Sequence[Quotation], *, cite: bool) -> list[str]:
    pieces: list[str] = []
    before: Quotation | None = None
    for quotation in chosen:
        mark = f"[{quotation.source + 1}]" if cite else ""
        first, *rest = _pieces(quotation, mark)
        if before is not None:
            same = (before.source, before.place[0]) == (quotation.source, quotation.place[0])
            first = (" " if same else "\n\n") + first
        pieces += [first, *rest]
        before = quotation
    return pieces


def _pieces(quotation: Quotation, mark: str) -> list[str]:
    block, units = quotation.block, quotation.units
    cited = f" {mark}" if mark else ""
    if block.kind == "prose":
        return [units[0] + cited]
    lead = [f"{block.lead}{cited}\n\n"] if block.lead else []
    if block.kind == "list":
        items = [unit if i == 0 else f"\n{unit}" for i, unit in enumerate(units)]
        if not lead:
            items[-1] += cited
        return [*lead, *items]
    text = "\n".join((block.head, *units)) if block.head else units[0]
    return [*lead, text if lead or not mark else f"{text}\n\n{mark}"]
