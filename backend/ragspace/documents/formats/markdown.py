"""Markdown and MDX (CommonMark with tables, as GitHub and Docusaurus read them) into sections."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from textwrap import dedent
from typing import TYPE_CHECKING, Literal

from ragspace.documents.anchors import Slugger
from ragspace.documents.formats.front_matter import take_front_matter
from ragspace.documents.formats.markdown_source import fence_for
from ragspace.documents.formats.mdx import TAG_IN_HEADING, cleaned, is_mdx, needs_cleaning
from ragspace.documents.sections import Block, Outline, Parsed, Section, Unreadable

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

_EXPLICIT_ID = re.compile(r"\s*\\?\{#(?P<id>[^{}]+)\}\s*$")
_CONTAINERS = frozenset({"blockquote_open", "bullet_list_open", "ordered_list_open", "list_item_open"})
_KINDS: dict[str, Literal["container", "table"]] = {
    **dict.fromkeys(_CONTAINERS, "container"),
    "table_open": "table",
}
_WORDLESS = frozenset({"hr", "comment"})
_LONGEST_PARSED_HEADING = 5_000
"""Characters. Brackets in a longer one would cost the parser minutes."""
_COMMENT_ENDS = {"<!--": "-->", "{/*": "*/}"}


def read_markdown(text: str, *, mdx: bool = False) -> Parsed:
    """`text` without byte order mark and with `\\n` as line end. `mdx` is told by the suffix, else guessed.

    Raises Unreadable for a draft, which has no page.
    """
    front_matter, body = take_front_matter(text)
    if front_matter.draft:
        raise Unreadable("is marked as a draft in its front matter")
    parser = _block_parser(indented_code=not (mdx or is_mdx(body)))
    tokens = parser.parse(body)
    if needs_cleaning(body):
        body = _without_markup(body, tokens)
        tokens = parser.parse(body)
    first_h1 = _first_h1(tokens)
    title = front_matter.title or ("" if first_h1 else front_matter.sidebar_label)
    return Parsed(
        title=title or first_h1,
        sections=_sections(title, body.split("\n"), tokens),
        slug=front_matter.slug,
        id=front_matter.id,
    )


@cache
def _block_parser(*, indented_code: bool) -> "MarkdownIt":
    """Finds blocks only. HTML is none of them: tags are dropped and what stands between them is Markdown,
    as MDX has it."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    parser.block.ruler.disable("html_block")
    if not indented_code:
        parser.block.ruler.disable("code")
    parser.block.ruler.before("fence", "comment", _comment, {"alt": ["paragraph", "reference", "blockquote"]})
    return parser


@cache
def _inline_parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("strikethrough")


def _comment(state: "StateBlock", start_line: int, end_line: int, silent: bool) -> bool:
    """A block rule of markdown-it for comments, so that code within one does not count as code."""
    start = state.bMarks[start_line] + state.tShift[start_line]
    closing = _COMMENT_ENDS.get(state.src[start : start + 4]) or _COMMENT_ENDS.get(
        state.src[start : start + 3]
    )
    if closing is None or closing in state.env or state.is_code_block(start_line):
        return False
    end = state.src.find(closing, start)
    if end < 0:
        state.env[closing] = "absent"
        return False
    if silent:
        return True
    line = start_line
    while line < end_line and state.eMarks[line] < end:
        line += 1
    state.line = min(line + 1, end_line)
    state.push("comment", "", 0).map = [start_line, state.line]
    return True


def _without_markup(body: str, tokens: Iterable["Token"]) -> str:
    lines = body.split("\n")
    parts: list[str] = []
    position = 0
    for token in tokens:
        if token.type in ("fence", "code_block") and token.map:
            start, end = token.map
            parts.append(cleaned("\n".join([*lines[position:start], ""])))
            parts.append("\n".join([*lines[start:end], ""]))
            position = end
    parts.append(cleaned("\n".join(lines[position:])))
    return "".join(parts)


def _first_h1(tokens: Sequence["Token"]) -> str:
    for token, content in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h1" and token.level == 0:
            return _title(_EXPLICIT_ID.sub("", content.content))
    return ""


def _sections(title: str, lines: list[str], tokens: Iterable["Token"]) -> list[Section]:
    outline = Outline(title)
    blocks = _Blocks(tokens, lines)
    for token in blocks.stream:
        if token.map is None:
            continue
        if token.type == "heading_open":
            outline.heading(int(token.tag[1]), *blocks.heading(next(blocks.stream)))
            blocks.end_of_last = token.map[1]
        elif token.type not in _WORDLESS:
            outline.add(blocks.block(token, token.map[0]))
    return outline.sections


class _Blocks:
    """Makes blocks of the tokens that stand between two headings, and counts all headings' anchors."""

    def __init__(self, tokens: Iterable["Token"], lines: list[str]) -> None:
        self.stream = iter(tokens)
        self.end_of_last = 0
        self._lines = lines
        self._slugger = Slugger()

    def heading(self, inline: "Token") -> tuple[str, str]:
        """Plain text and anchor; `{#own-id}` at the end is the anchor and not counted among the others."""
        own_id = _EXPLICIT_ID.search(inline.content)
        if own_id:
            return _title(inline.content[: own_id.start()]), own_id["id"].strip()
        return _title(inline.content), self._slugger.slug(_plain(inline.content))

    def block(self, token: "Token", start: int) -> Block:
        """The block that `token` opens; what belongs to it is taken from the stream.

        `start` is its first line, or that of the container's marker where it is the first in one.
        """
        end = token.map[1] if token.map else start
        while end > start and not self._lines[end - 1].strip(" \t>"):
            end -= 1
        text = "\n".join(self._lines[start:end])
        tight = self.end_of_last == start
        children: tuple[Block, ...] = ()
        if token.type in _CONTAINERS:
            children = self._children(token, start)
        elif token.nesting > 0:
            self._skip(token)
        self.end_of_last = end
        if token.type in ("fence", "code_block"):
            return Block(_dedented(token, text), "code", tight, fence=_fence(token), code=token.content)
        return Block(_dedented(token, text), _KINDS.get(token.type, "prose"), tight, children)

    def _children(self, container: "Token", start: int) -> tuple[Block, ...]:
        children: list[Block] = []
        for token in self.stream:
            if token.nesting < 0 and token.level == container.level:
                break
            if token.map is not None and token.type not in _WORDLESS:
                children.append(self.block(token, token.map[0] if children else start))
        return tuple(child for child in children if child.text)

    def _skip(self, leaf: "Token") -> None:
        for token in self.stream:
            if token.nesting < 0 and token.level == leaf.level:
                break
            if leaf.type == "heading_open" and token.type == "inline":
                self.heading(token)


def _dedented(token: "Token", text: str) -> str:
    """Content of a JSX element is often indented with it, which would make code of it without the element."""
    return dedent(text) if token.level == 0 and token.type != "code_block" and text[:1] in " \t" else text


def _fence(token: "Token") -> str:
    return token.markup + token.info.strip() if token.type == "fence" else fence_for(token.content)


def _title(source: str) -> str:
    return " ".join(_plain(source).replace(TAG_IN_HEADING, "").split())


def _plain(source: str) -> str:
    """The words of a heading without their markup."""
    if len(source) > _LONGEST_PARSED_HEADING:
        return source
    inline = _inline_parser().parseInline(source)[0]
    return "".join(
        "" if token.type == "html_inline" else token.content or " " * token.type.endswith("break")
        for token in inline.children or ()
    )
