"""Writing Markdown: what formats other than Markdown turn their code, tables and lists into."""

import re
from collections.abc import Sequence
from textwrap import indent

from ragspace.documents.sections import Block


def code_span(text: str) -> str:
    """Inline code, between more backticks than it has in a row."""
    text = " ".join(text.split())
    longest = max(map(len, re.findall("`+", text)), default=0)
    if not longest:
        return f"`{text}`" if text else ""
    ticks = "`" * (longest + 1)
    return f"{ticks} {text} {ticks}"


def fence_for(code: str) -> str:
    """A marker that does not occur in `code`."""
    return "`" * max([3, *(len(run) + 1 for run in re.findall("`{3,}", code))])


def code_block(code: str, language: str = "") -> Block:
    code = code.strip("\n")
    marker = fence_for(code)
    return Block(f"{marker}{language}\n{code}\n{marker}", "code", fence=f"{marker}{language}", code=code)


def table(rows: Sequence[Sequence[str]]) -> Block:
    """A table whose first row is its header; short rows are filled up."""
    width = max(map(len, rows))
    lines = [_row([*row, *[""] * (width - len(row))]) for row in rows]
    return Block("\n".join([lines[0], "|" + " --- |" * width, *lines[1:]]), "table")


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def prefixed(text: str, first: str, rest: str) -> str:
    """`text` in a container: `first` (a list item's marker) before its first line, `rest` before others."""
    head, newline, tail = text.partition("\n")
    return first + head + newline + indent(tail, rest, lambda line: bool(rest.strip() or line.strip()))
