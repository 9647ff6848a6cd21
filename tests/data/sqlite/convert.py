"""Converts pages of SQLite's documentation, as Debian packs it, to Markdown.

    apt-get download sqlite3-doc
    dpkg-deb -x sqlite3-doc_3.40.1-2+deb12u2_all.deb unpacked
    python tests/data/sqlite/convert.py unpacked/usr/share/doc/sqlite3 tests/data/sqlite/docs

The page's title becomes the heading of the first level. Numbers before headings, tables of contents, menus,
pictures and syntax diagrams are left out, and a link keeps only its text.
"""

import re
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from textwrap import indent

from selectolax.lexbor import LexborHTMLParser, LexborNode

PAGES = (
    "appfileformat",
    "autoinc",
    "backup",
    "datatype3",
    "expridx",
    "faq",
    "flextypegood",
    "floatingpoint",
    "foreignkeys",
    "gencol",
    "howtocorrupt",
    "inmemorydb",
    "intern-v-extern-blob",
    "isolation",
    "limits",
    "lockingv3",
    "mmap",
    "quirks",
    "rowvalue",
    "security",
    "sharedcache",
    "stricttables",
    "tempfiles",
    "threadsafe",
    "undoredo",
    "uri",
    "useovernet",
    "versionnumbers",
    "wal",
    "whentouse",
    "withoutrowid",
)
UNWANTED = (
    "script, style, svg, img, button, form, ol.nounderline, "
    "div.nosearch, div.fancy_toc, div.menu, div.imgcontainer"
)
HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5}
ANY_BLOCK = "h1, h2, h3, h4, h5, p, div, pre, ul, ol, li, dl, dt, dd, blockquote, table, center, hr"
BLOCKS = frozenset(ANY_BLOCK.split(", "))
QUESTION = re.compile(r"^\((\d+)\) ")


def flat(text: str) -> str:
    """Text on one line, with what Markdown would take for HTML escaped."""
    return re.sub(r"\s+", " ", text.replace("\xa0", " ")).strip().replace("<", "\\<")


def fence(node: LexborNode) -> str:
    return f"```\n{node.text().replace(chr(9), '    ').strip(chr(10)).rstrip()}\n```"


def row(node: LexborNode) -> list[str]:
    return [flat(cell.text()).replace("|", "\\|") for cell in node.css("td, th")]


def enclosing_table(node: LexborNode) -> LexborNode | None:
    while (parent := node.parent) is not None:
        if parent.tag == "table":
            return parent
        node = parent
    return None


def table(node: LexborNode) -> Iterator[str]:
    """A table of data as a table, one that only arranges text as its cells."""
    if any(inner.mem_id != node.mem_id for inner in node.css("table, p, ul, ol, pre, h1, h2, h3")):
        for cell in node.css("td, th"):
            if (owner := enclosing_table(cell)) is not None and owner.mem_id == node.mem_id:
                yield from blocks(cell)
        return
    rows = [cells for cells in map(row, node.css("tr")) if any(cells)]
    width = max((len(cells) for cells in rows), default=0)
    if width < 2:
        yield from (cells[0] for cells in rows)
        return
    lines = [f"| {' | '.join([*cells, *[''] * (width - len(cells))])} |" for cells in rows]
    yield "\n".join([lines[0], "|" + "---|" * width, *lines[1:]])


def bullets(node: LexborNode) -> Iterator[str]:
    items = []
    own = [item for item in node.css("li") if item.parent is not None and item.parent.mem_id == node.mem_id]
    number = 0
    for item in own:
        number = int(item.attributes.get("value") or number + 1)
        mark = f"{number}. " if node.tag == "ol" else "- "
        text = indent("\n\n".join(blocks(item)), " " * len(mark))
        items.append(mark + text.lstrip())
    yield "\n".join(items)


def is_inline(node: LexborNode) -> bool:
    return node.tag == "-text" or (node.tag not in BLOCKS and node.css_first(ANY_BLOCK) is None)


def blocks(node: LexborNode) -> Iterator[str]:
    """The Markdown blocks of what is inside a node, in order."""
    inline: list[str] = []
    for child in node.iter(include_text=True):
        if is_inline(child):
            inline.append(child.text())
            continue
        if text := flat("".join(inline)):
            yield text
        inline.clear()
        yield from block(child)
    if text := flat("".join(inline)):
        yield text


def block(node: LexborNode) -> Iterator[str]:
    tag = node.tag or ""
    if tag in HEADINGS:
        if text := re.sub(r"^\d+(\.\d+)*\.?\s+", "", flat(node.text())):
            yield f"{'#' * HEADINGS[tag]} {text}"
    elif tag == "pre":
        yield fence(node)
    elif tag in {"ul", "ol"}:
        yield from bullets(node)
    elif tag == "table":
        yield from table(node)
    elif tag == "dt":
        yield f"**{flat(node.text())}**"
    elif tag == "p" and QUESTION.match(text := flat(node.text())) and node.css_first("b"):
        yield f"## {QUESTION.sub('', text)}"
    else:
        yield from blocks(node)


def level(part: str) -> int:
    """The level of a heading, 0 for anything else."""
    return len(heading[1]) if (heading := re.match(r"(#+) ", part)) else 0


def without_empty_sections(parts: list[str]) -> Iterator[str]:
    for part, following in zip(parts, [*parts[1:], "# end"], strict=True):
        if not level(part) or not 0 < level(following) <= level(part):
            yield part


def page(html: str) -> str:
    """One page as Markdown."""
    tree = LexborHTMLParser(html)
    for line_break in tree.css("br"):
        line_break.replace_with(" ")
    for power in tree.css("sup"):
        power.replace_with("^" + power.text())
    title = tree.css_first("div.fancy_title") or tree.css_first("h1[align]") or tree.css_first("title")
    body = tree.css_first("div.fancy") or tree.body
    if title is None or body is None:
        raise ValueError("a page without a title or a body")
    name = flat(title.text())
    for unwanted in body.css(UNWANTED):
        unwanted.decompose()
    parts = list(takewhile(lambda part: not part.startswith("This page last modified on"), blocks(body)))
    parts = [part for part in parts if not level(part) or part.lstrip("# ").casefold() != name.casefold()]
    if any(level(part) == 1 for part in parts):
        parts = ["#" + part if level(part) else part for part in parts]
    return "\n\n".join([f"# {name}", *without_empty_sections(parts)]) + "\n"


def main(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        (target / f"{name}.md").write_text(page((source / f"{name}.html").read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
