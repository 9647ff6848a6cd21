"""reStructuredText into sections, as Markdown."""

from collections.abc import Iterator
from dataclasses import replace

from docutils import nodes
from docutils.core import publish_doctree

from ragspace.documents.formats.markdown_source import code_block, code_span, prefixed, table
from ragspace.documents.formats.sphinx_markup import teach
from ragspace.documents.sections import Block, Outline, Parsed, first_title

_SETTINGS = {
    "_disable_config": True,
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 6,
    "warning_stream": False,
    "doctitle_xform": False,
    "sectsubtitle_xform": False,
    "docinfo_xform": False,
    "auto_id_prefix": "id",  # as Sphinx has it: the second section of a name is `#id1`
    "syntax_highlight": "none",
    "line_length_limit": 2**31,
}
_UNSEEN = nodes.Invisible | nodes.image | nodes.transition | nodes.topic | nodes.raw | nodes.system_message


def read_restructured_text(text: str) -> Parsed:
    """Anchors are the ids that docutils (and so Sphinx) gives the sections. Nothing is included from other
    files, and raw HTML is left out."""
    teach(text)
    outline = Outline()
    _add_sections(outline, publish_doctree(text, settings_overrides=_SETTINGS), 0)
    return Parsed(first_title(outline.sections), outline.sections)


def _add_sections(outline: Outline, parent: nodes.Element, depth: int) -> None:
    for node in parent.children:
        if isinstance(node, nodes.section):
            outline.heading(min(depth + 1, 6), _inline(node.children[0]).replace("`", ""), node["ids"][0])
            _add_sections(outline, node, depth + 1)
        elif not isinstance(node, nodes.title):
            for block in _blocks(node):
                outline.add(block)


def _blocks(node: nodes.Node) -> Iterator[Block]:
    if isinstance(node, nodes.literal_block | nodes.doctest_block):
        yield _code(node)
    elif isinstance(node, nodes.line_block):
        yield Block("\n".join(map(_inline, node.findall(nodes.line))))
    elif isinstance(node, nodes.table):
        yield table([[_cell(entry) for entry in row.findall(nodes.entry)] for row in node.findall(nodes.row)])
    elif isinstance(node, nodes.bullet_list | nodes.enumerated_list):
        yield from _list(node)
    elif isinstance(node, _UNSEEN):
        return
    elif isinstance(node, nodes.TextElement):
        yield Block(_inline(node))
    elif isinstance(node, nodes.Element):
        for child in node.children:
            yield from _blocks(child)


def _code(node: nodes.Element) -> Block:
    language = next((name for name in node["classes"] if name != "code"), "")
    return code_block(node.astext(), language)


def _cell(entry: nodes.Node) -> str:
    return " ".join(block.text for child in entry.children for block in _blocks(child))


def _list(node: nodes.Element) -> Iterator[Block]:
    first_number = node.get("start", 1) if isinstance(node, nodes.enumerated_list) else None
    for index, item in enumerate(node.children):
        marker = "- " if first_number is None else f"{first_number + index}. "
        for position, block in enumerate(_inside(marker, " " * len(marker), item)):
            yield replace(block, tight=index + position > 0 and (position == 0 or block.tight))


def _inside(first: str, rest: str, container: nodes.Node) -> Iterator[Block]:
    inner = (block for child in container.children for block in _blocks(child))
    for index, block in enumerate(inner):
        yield replace(block, text=prefixed(block.text, first if index == 0 else rest, rest))


def _inline(node: nodes.Node) -> str:
    """The words of a paragraph, with its code between backticks."""
    if isinstance(node, nodes.Text):
        return node.astext()
    if isinstance(node, nodes.literal):
        return code_span(node.astext())
    if isinstance(node, _UNSEEN):
        return ""
    return "".join(map(_inline, node.children))
