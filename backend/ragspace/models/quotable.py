"""What of a passage can be quoted: sentences, lists, tables, code, word for word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# Nothing here goes back over what it has read: a reader may select whatever there is on a page, thousands of
# dots too, and the whole process waits for a regular expression.
_TERMINATOR = re.compile(r"""(?<![.!?…])[.!?…]++["'”’)\]*_`]*+(?=\s++["'“‘(\[*_`]*+[^\W_a-z])|[。！？]""")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|approx|resp|incl|fig|eq|vol|dr|mr|mrs|ms|prof|st|jr|sr)|\b[A-Z])\.$",
    re.IGNORECASE,
)
_LONGEST_ABBREVIATION = len(" approx.")
_CODE_MARK = re.compile(r"`+")
_NO_PROSE = re.compile(r"<|:::|!\[|\[[^\]]+\]:\s|import .+ from |export ")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a passage. Every string stands in the passage's content as it is.

    `units` are the sentences of prose, the items of a list (with what is nested in them), the rows of a
    table, or the one text of code or of a block quote. `lead` is the sentence that introduces a list, a table
    or code (`Set these secrets:`), `head` the first two lines of a table. `heading` is the last heading above
    the block inside the passage. `ordered` tells of steps that only make sense together.
    """

    kind: Literal["prose", "list", "table", "code", "quote"]
    units: tuple[str, ...]
    lead: str = ""
    head: str = ""
    heading: str = ""
    ordered: bool = False


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def blocks(content: str) -> list[Block]:
    """The blocks of a passage in order; headings, images, HTML and other markup alone are left out."""
    found: list[Block] = []
    heading = ""
    lines = content.split("\n")
    for opening, tokens in _top_level(_markdown().parse(content)):
        text = _lines(lines, opening)
        if opening.type == "heading_open":
            heading = text.strip("# ")
            continue
        block = _block(opening, tokens, lines, text, heading)
        if block is None or not block.units:
            continue
        if block.kind in ("list", "table", "code") and found and _introduces(found[-1]):
            *rest, lead = found.pop().units
            if rest:
                found.append(Block("prose", tuple(rest), heading=heading))
            block = Block(block.kind, block.units, lead, block.head, heading, block.ordered)
        found.append(block)
    return found


def sentences(paragraph: str) -> list[str]:
    """The sentences of a paragraph, word for word; no cut inside code spans or after abbreviations."""
    spans = list(_code_spans(paragraph))
    found: list[str] = []
    start = 0
    for match in _TERMINATOR.finditer(paragraph):
        end = match.end()
        in_code = any(begin < match.start() < stop - 1 for begin, stop in spans)
        stop = match.start() + 1
        if in_code or _ABBREVIATION.search(paragraph, max(start, stop - _LONGEST_ABBREVIATION), stop):
            continue
        found.append(paragraph[start:end].strip())
        start = end
    return [sentence for sentence in (*found, paragraph[start:].strip()) if sentence]


def _code_spans(paragraph: str) -> Iterator[tuple[int, int]]:
    """Where each code span begins and ends: it is closed by the next mark of the same length."""
    marks = [match.span() for match in _CODE_MARK.finditer(paragraph)]
    closing: dict[int, int] = {}
    closed_by = [0] * len(marks)
    for index in range(len(marks) - 1, -1, -1):
        begin, end = marks[index]
        closed_by[index] = closing.get(end - begin, 0)
        closing[end - begin] = index
    index = 0
    while index < len(marks):
        if closed_by[index]:
            yield marks[index][0], marks[closed_by[index]][1]
        index = (closed_by[index] or index) + 1


def _top_level(tokens: Sequence["Token"]) -> Iterator[tuple["Token", Sequence["Token"]]]:
    """Each top-level token that opens a block, with the tokens inside."""
    first = 0
    for index, token in enumerate(tokens):
        if token.level == 0 and token.nesting != 1:
            yield tokens[first], tokens[first : index + 1]
            first = index + 1


def _block(
    opening: "Token", tokens: Sequence["Token"], lines: Sequence[str], text: str, heading: str
) -> Block | None:
    match opening.type:
        case "paragraph_open" if not _NO_PROSE.match(text):
            return Block("prose", tuple(sentences(text)), heading=heading)
        case "bullet_list_open" | "ordered_list_open":
            items = tuple(_lines(lines, t) for t in tokens if t.type == "list_item_open" and t.level == 1)
            return Block("list", items, heading=heading, ordered=opening.type == "ordered_list_open")
        case "table_open":
            first, second, *rows = text.split("\n")
            return Block("table", tuple(rows), head=f"{first}\n{second}", heading=heading) if rows else None
        case "fence" | "code_block":
            return Block("code", (text,), heading=heading)
        case "blockquote_open":
            return Block("quote", (text,), heading=heading)
    return None


def _lines(lines: Sequence[str], token: "Token") -> str:
    start, end = token.map or (0, 0)
    return "\n".join(lines[start:end]).strip("\n").rstrip()


def _introduces(block: Block) -> bool:
    return block.kind == "prose" and block.units[-1].rstrip("*_ ").endswith(":")
