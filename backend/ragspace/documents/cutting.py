"""Cutting one text that is too long for a passage: at sentences, lines, words, in this order."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ragspace.documents.passage import CountTokens

# A full stop, behind it what closes with the sentence (quotes, brackets, emphasis) and white space; in
# Chinese and Japanese, which set no space, the wide stop and the wide closing quotes; an empty line.
_SENTENCE_ENDS = re.compile(
    r"[.!?\u2026][\"'\u201d\u2019)\]*_`]*\s+|[\u3002\uff01\uff1f][\u201d\u2019\u300d\u300f\uff09]*|\n\s*\n"
)
_LINE_ENDS = re.compile(r"\n")
_WORD_ENDS = re.compile(r"\s+")

_CHARACTERS_PER_TOKEN = 4
_MOST_CHARACTERS_PER_TOKEN = 16
_ROOM = 0.95
"""Aim a little below the limit: most pieces then fit at the first count."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A text that fits, with its tokens."""

    text: str
    tokens: int


def surely_longer(text: str, limit: int) -> bool:
    """Whether `text` has more than `limit` tokens by its length alone, so that it need not be counted."""
    return len(text) > limit * _MOST_CHARACTERS_PER_TOKEN * 4


def cut_prose(text: str, limit: int, count_tokens: CountTokens) -> Iterator[Piece]:
    """Pieces of at most `limit` tokens, about equally long where there are few."""
    if not surely_longer(text, limit):
        tokens = count_tokens(text)
        pieces = -(-tokens // limit)
        limit = min(limit, int(tokens / pieces * 1.1) + 8)
    return _cut(text, limit, count_tokens, (_SENTENCE_ENDS, _LINE_ENDS, _WORD_ENDS))


def cut_fence(fence: str, code: str, limit: int, count_tokens: CountTokens) -> Iterator[Piece]:
    """Fenced blocks of at most `limit` tokens, cut at line ends; each repeats the opening line `fence`."""
    marker = re.match(r"`+|~+", fence)
    closing = marker.group() if marker else "```"
    if surely_longer(fence, limit) or count_tokens(fence) * 4 > limit:
        fence = closing

    def fenced(lines: str) -> str:
        return f"{fence}\n{lines.strip(chr(10))}\n{closing}"

    return _cut(code, limit, count_tokens, (_LINE_ENDS, _WORD_ENDS), fenced)


def cut_table(text: str, limit: int, count_tokens: CountTokens) -> Iterator[Piece]:
    """Tables of at most `limit` tokens, cut between rows; each repeats the header."""
    header, _, below = text.partition("\n")
    delimiter, _, rows = below.partition("\n")
    head = f"{header}\n{delimiter}\n"
    if not rows or surely_longer(head, limit) or count_tokens(head) * 2 > limit:
        return _cut(text, limit, count_tokens, (_LINE_ENDS, _WORD_ENDS))
    return _cut(rows, limit, count_tokens, (_LINE_ENDS, _WORD_ENDS), lambda part: head + part.strip())


def _cut(
    text: str,
    limit: int,
    count_tokens: CountTokens,
    ends: tuple[re.Pattern[str], ...],
    shape: Callable[[str], str] = str.strip,
) -> Iterator[Piece]:
    """Walk along `text` with a window that learns how many characters a token has.

    Each piece is counted once or twice and the text is never counted as a whole, so the time is linear in
    its length and a huge line costs no memory in the tokenizer.
    """
    size = limit * _CHARACTERS_PER_TOKEN
    start = 0
    while start < len(text):
        end = _end_of_piece(text, start, start + size, ends)
        shaped = shape(text[start:end])
        tokens = count_tokens(shaped)
        if tokens > limit and end - start > 1:
            size = max(1, int((end - start) * limit / tokens * _ROOM))
            continue
        if not text[start:end].isspace():
            yield Piece(shaped, tokens)
        per_token = min((end - start) / max(tokens, 1), _MOST_CHARACTERS_PER_TOKEN)
        size = max(1, int(limit * per_token * _ROOM))
        start = end


def _end_of_piece(text: str, start: int, stop: int, ends: tuple[re.Pattern[str], ...]) -> int:
    """The last end of a sentence (else line, else word) in the window that does not leave it mostly empty."""
    if stop >= len(text):
        return len(text)
    for pattern in ends:
        last = max((match.end() for match in pattern.finditer(text, start, stop)), default=0)
        if last > start + (stop - start) // 3:
            return last
    return stop
