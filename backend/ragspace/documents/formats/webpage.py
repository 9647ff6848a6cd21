"""HTML pages into sections: the main content only, as Markdown."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ragspace.documents.anchors import Slugger
from ragspace.documents.encoding import decode
from ragspace.documents.formats.markdown_source import code_block, code_span, prefixed, table
from ragspace.documents.sections import Block, Outline, Parsed, Section, first_title

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*(?P<name>[\w-]+)", re.IGNORECASE)
_MAIN_CONTENT = ("main article", "article", "main", "[role=main]", "body")

_NOT_CONTENT = frozenset(
    {"nav", "script", "style", "noscript", "template", "svg", "iframe", "form", "button", "footer", "head"}
)
_PERMALINKS = frozenset({"headerlink", "hash-link", "anchor", "header-anchor", "anchorjs-link"})
_NAVIGATION = frozenset({"toc", "table-of-contents", "table_of_contents", "breadcrumbs", "breadcrumb"})
_ROLES = frozenset({"navigation", "search", "banner", "contentinfo"})
_INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "cite", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "label"}
    | {
        "mark",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
    }
    | {"var", "wbr"}
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LANGUAGE = re.compile(
    r"\b(?:language|lang|highlight)-(?!default\b|none\b|text\b|source\b)(?P<name>[\w+#-]+)"
)

_LINE_BREAK = "\x00"
"""Stands for `<br>` among words: no decoded text holds it."""


def read_webpage(data: bytes) -> Parsed:
    from selectolax.lexbor import LexborHTMLParser

    charset = _CHARSET.search(data, 0, 2048)
    page = LexborHTMLParser(decode(data, declared=charset["name"].decode() if charset else None))
    content = next((found[0] for found in map(page.css, _MAIN_CONTENT) if len(found) == 1), None)
    if content is None:
        return Parsed("", [])
    sections = _Converter("").sections_of(content)
    h1 = first_title(sections)
    name = page.css_first("head title")
    if h1 or name is None:
        return Parsed(h1, sections)
    title = " ".join(name.text().split())
    return Parsed(title, _Converter(title).sections_of(content))


def _is_content(node: "LexborNode") -> bool:
    tag = node.tag
    if tag in _NOT_CONTENT:
        return False
    attributes = node.attributes
    if "hidden" in attributes or attributes.get("aria-hidden") == "true" or attributes.get("role") in _ROLES:
        return False
    if tag == "header":
        # The header of the content bears its title (Docusaurus writes it so); the site's stands in body.
        return node.css_first("h1") is not None and (node.parent is None or node.parent.tag != "body")
    if tag in ("body", "main", "article"):
        return True
    names = {attributes.get("id") or "", *(attributes.get("class") or "").split()}
    return names.isdisjoint(_PERMALINKS if tag == "a" else _NAVIGATION)


def _texts(root: "LexborNode") -> Iterator[str]:
    """The text below `root`, in reading order; `<br>` as a line end."""
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_text_node:
            yield node.text_content or ""
        elif node.tag == "br":
            yield "\n"
        elif node.is_element_node and _is_content(node):
            stack += reversed(list(node.iter(include_text=True)))


def _line(node: "LexborNode") -> str:
    return " ".join("".join(_texts(node)).replace("\u200b", "").split())


class _Container:
    """A quote or list item: what stands before its first line, and before all others."""

    def __init__(self, first: str, rest: str) -> None:
        self.prefix = first
        self._rest = rest

    def continued(self) -> str:
        self.prefix = self._rest
        return self._rest


class _Converter:
    """Walks the tree with a stack of its own: a page may be nested deeper than Python may recurse."""

    def __init__(self, title: str) -> None:
        self._outline = Outline(title)
        self._slugger = Slugger()
        self._words: list[str] = []
        self._containers: list[_Container] = []
        self._lists: list[int | None] = []
        """Of each list that is open, the next number; None where it has bullets."""
        self._list_begins = False

    def sections_of(self, root: "LexborNode") -> list[Section]:
        stack = [(root, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                self._leave(node)
            elif node.is_text_node:
                self._words.append((node.text_content or "").replace("\u200b", ""))
            elif node.is_element_node and _is_content(node) and self._enter(node):
                stack.append((node, True))
                stack += [(child, False) for child in reversed(list(node.iter(include_text=True)))]
        self._end_paragraph()
        return self._outline.sections

    def _enter(self, node: "LexborNode") -> bool:
        """Whether the walk goes on below `node`; if not, it is dealt with."""
        tag = node.tag or ""
        if tag in _INLINE:
            return True
        if tag == "code":
            self._words.append(code_span("".join(_texts(node))))
            return False
        if tag == "br":
            self._words.append(_LINE_BREAK)
            return False
        self._end_paragraph()
        if tag in _HEADINGS and not self._containers:
            text = _line(node)
            self._outline.heading(int(tag[1]), text, _own_id(node) or self._slugger.slug(text))
            return False
        if tag == "pre":
            self._add(code_block("".join(_texts(node)), _language(node)))
            return False
        if tag == "table" and node.css_first("table table, pre, h1, h2, h3, ul, ol") is None:
            rows = [[_line(cell) for cell in row.css("th, td")] for row in node.css("tr")]
            if any(map(any, rows)):
                self._add(table([row for row in rows if row]))
            return False
        self._open_container(node)
        return True

    def _open_container(self, node: "LexborNode") -> None:
        tag = node.tag
        if tag in ("ul", "ol"):
            self._list_begins = not self._lists
            start = node.attributes.get("start") or "1"
            self._lists.append(None if tag == "ul" else int(start) if start.isdecimal() else 1)
        elif tag == "blockquote":
            self._containers.append(_Container("> ", "> "))
        elif tag == "li":
            number = self._lists[-1] if self._lists else None
            if number is not None:
                self._lists[-1] = number + 1
            marker = "- " if number is None else f"{number}. "
            self._containers.append(_Container(marker, " " * len(marker)))

    def _leave(self, node: "LexborNode") -> None:
        if node.tag in _INLINE:
            return
        self._end_paragraph()
        if node.tag in ("ul", "ol"):
            self._lists.pop()
        elif node.tag in ("blockquote", "li"):
            self._containers.pop()

    def _end_paragraph(self) -> None:
        lines = (" ".join(line.split()) for line in "".join(self._words).split(_LINE_BREAK))
        self._words.clear()
        if text := "\n".join(filter(None, lines)):
            self._add(Block(text))

    def _add(self, block: Block) -> None:
        first = "".join(container.prefix for container in self._containers)
        rest = "".join(container.continued() for container in self._containers)
        tight = bool(self._lists) and first != rest and not self._list_begins
        self._list_begins = False
        self._outline.add(replace(block, text=prefixed(block.text, first, rest), tight=tight))


def _own_id(heading: "LexborNode") -> str:
    """The id that a link to the heading names: its own, that of a mark in it, or that of the section that it
    begins (as Sphinx writes it)."""
    if own := heading.attributes.get("id"):
        return own
    mark = heading.css_first("a[id], a[name], span[id]")
    if mark is not None:
        return mark.attributes.get("id") or mark.attributes.get("name") or ""
    parent, before = heading.parent, heading.prev
    while before is not None and (before.is_text_node or before.tag == "span"):
        before = before.prev
    if parent is None or before is not None:
        return ""
    if parent.tag == "section" or "section" in (parent.attributes.get("class") or "").split():
        return parent.attributes.get("id") or ""
    return ""


def _language(pre: "LexborNode") -> str:
    parent = pre.parent
    named = (pre, pre.css_first("code"), parent, parent.parent if parent else None)
    for node in named:
        match = _LANGUAGE.search((node.attributes.get("class") or "") if node else "")
        if match:
            return match["name"]
    return ""
