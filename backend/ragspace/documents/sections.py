"""What every format is read into: sections under headings, each a list of blocks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

LONGEST_HEADING = 200
"""Characters. What is longer is a paragraph in a heading's clothes (text right above a `---`, mostly)."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, list, quote, table or piece of code, as Markdown source.

    `tight` tells that no blank line stands between it and the block before. `children` are what a list, a
    list item or a quote consists of, in order; together they hold all of its text. `fence` is the opening
    line of a fenced block of code (its closing line is derived), and `code` what stands inside.
    """

    text: str
    kind: Literal["prose", "container", "code", "table"] = "prose"
    tight: bool = False
    children: "tuple[Block, ...]" = ()
    fence: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """The blocks between one heading and the next; see Passage for the meaning of the other fields."""

    heading_path: tuple[str, ...] = ()
    anchor: str = ""
    depth: int = 0
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as its format gives it. `slug` and `id` are those of the front matter, where it has them."""

    title: str
    sections: Sequence[Section]
    slug: str = ""
    id: str = ""


def first_title(sections: Sequence[Section]) -> str:
    """The first heading of level 1, or ""."""
    return next((s.heading_path[-1] for s in sections if s.depth == 1 and s.heading_path), "")


class Unreadable(Exception):
    """A file cannot be read or is not meant to be; the message completes "skipped: it …" for a person."""


class Outline:
    """Collects sections in reading order and knows under which headings each stands.

    `title` is the document's own title where it is declared outside of the headings (front matter, metadata);
    it leads every heading path that does not already begin with it.
    """

    def __init__(self, title: str = "") -> None:
        self._title = title
        self._open: list[tuple[int, str]] = []
        self.sections: list[Section] = [Section(self._path())]

    def heading(self, level: int, text: str, anchor: str) -> None:
        """Begin the section of a heading of `level` 1 to 6."""
        text = " ".join(text.split())
        shown = text if len(text) <= LONGEST_HEADING else text[: LONGEST_HEADING - 1].rstrip() + "…"
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        if shown:
            self._open.append((level, shown))
        self.sections.append(Section(self._path(), anchor, level))
        if shown != text:
            self.add(Block(text))

    def add(self, block: Block) -> None:
        if not block.text.strip():
            return
        self.sections[-1].blocks.append(block)

    def _path(self) -> tuple[str, ...]:
        path = tuple(text for _, text in self._open)
        if self._title and (not path or path[0].casefold() != self._title.casefold()):
            return (self._title, *path)
        return path
