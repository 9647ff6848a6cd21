"""Sections into passages: small blocks packed together, large ones taken apart where it hurts least."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ragspace.documents.cutting import Piece, cut_fence, cut_prose, cut_table, surely_longer
from ragspace.documents.passage import CountTokens, Passage
from ragspace.documents.sections import Block, Section

LONGEST_PASSAGE = 512
"""Tokens, heading path included: what small embedding models read. Only code and tables grow up to it."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A block, or a part of one, that is small enough to stand in a passage.

    `margin` is the white space that its container indents it by.
    """

    text: str
    tokens: int
    tight: bool = False
    margin: int = 0


def split(
    section: Section, *, file: str, page: str, count_tokens: CountTokens, max_tokens: int
) -> list[Passage]:
    """The passages of one section; none where it has no words of its own.

    `max_tokens` bounds each passage's content. Code and tables may have up to LONGEST_PASSAGE tokens, less
    their heading path, before they are cut.
    """
    splitter = _Splitter(" > ".join(section.heading_path), count_tokens, max_tokens)
    pieces = [piece for piece in splitter.pieces(section.blocks) if re.search(r"\w", piece.text)]
    return [
        Passage(
            file=file,
            page=page,
            heading_path=section.heading_path,
            anchor=section.anchor,
            section_depth=section.depth,
            content=piece.text,
            token_count=piece.tokens,
            part=part,
            parts=len(pieces),
            section=_digest(pieces) if len(pieces) > 1 else "",
        )
        for part, piece in enumerate(pieces, start=1)
    ]


def _digest(pieces: Sequence[Piece]) -> str:
    """80 bits: enough to tell the states of one section apart, short since every passage bears it."""
    whole = "\0".join(piece.text for piece in pieces)
    return hashlib.sha256(whole.encode()).hexdigest()[:20]


class _Splitter:
    def __init__(self, heading: str, count_tokens: CountTokens, max_tokens: int) -> None:
        self._count = count_tokens
        longest = LONGEST_PASSAGE
        # No tokenizer makes more tokens than there are bytes: a short heading need not be counted.
        if len(heading.encode()) > LONGEST_PASSAGE // 8:
            longest = max(longest - count_tokens(heading), LONGEST_PASSAGE // 4)
        else:
            longest -= len(heading.encode())
        self._longest = longest
        self._limit = min(max_tokens, longest)

    def pieces(self, blocks: Sequence[Block]) -> Iterator[Piece]:
        if sum(len(block.text) for block in blocks) <= self._limit * 8:
            whole = _joined([_Unit(block.text, 0, block.tight, _margin(block)) for block in blocks])
            tokens = self._count(whole)
            if tokens <= self._limit:
                yield Piece(whole, tokens)
                return
        yield from self._packed(self._units(blocks))

    def _units(self, blocks: Sequence[Block]) -> Iterator[_Unit]:
        for block in blocks:
            whole = self._longest if block.kind in ("code", "table") else self._limit
            if not surely_longer(block.text, whole):
                tokens = self._count(block.text)
                if tokens <= whole:
                    yield _Unit(block.text, tokens, block.tight, _margin(block))
                    continue
            if block.children:
                yield from self._units(block.children)
            else:
                yield from (_Unit(piece.text, piece.tokens) for piece in self._cut(block))

    def _cut(self, block: Block) -> Iterator[Piece]:
        if block.fence:
            return cut_fence(block.fence, block.code, self._limit, self._count)
        if block.kind == "table":
            return cut_table(block.text, self._limit, self._count)
        return cut_prose(block.text, self._limit, self._count)

    def _packed(self, units: Iterator[_Unit]) -> Iterator[Piece]:
        waiting: list[_Unit] = []
        tokens = 0
        for unit in units:
            if waiting and tokens + 1 + unit.tokens > self._limit:
                yield from self._finished(waiting)
                waiting, tokens = [], 0
            waiting.append(unit)
            tokens += 1 + unit.tokens
        if waiting:
            yield from self._finished(waiting)

    def _finished(self, units: list[_Unit]) -> Iterator[Piece]:
        content = _joined(units)
        tokens = units[0].tokens if content == units[0].text else self._count(content)
        if tokens > self._limit and len(units) > 1:
            # Joined, the units came to more tokens than the sum of theirs.
            yield from self._finished(units[:-1])
            yield from self._finished(units[-1:])
        else:
            yield Piece(content, tokens)


def _margin(block: Block) -> int:
    indented_code = block.kind == "code" and not block.text.lstrip(" \t").startswith(("`", "~"))
    return 0 if indented_code else len(block.text) - len(block.text.lstrip(" \t"))


def _joined(units: Sequence[_Unit]) -> str:
    """The units as one Markdown text. What a container indents would read as code where the container's
    beginning is missing, so the first unit's margin goes, and with it that of its followers."""
    margin = units[0].margin if units else 0
    parts: list[str] = []
    for unit in units:
        margin = min(margin, unit.margin)
        text = re.sub(rf"(?m)^[ \t]{{1,{margin}}}", "", unit.text) if margin else unit.text
        parts += ["" if not parts else "\n" if unit.tight else "\n\n", text]
    return "".join(parts).strip("\n").rstrip()
