"""Plain text: paragraphs without headings."""

import re

from ragspace.documents.sections import Block, Parsed, Section

_BETWEEN_PARAGRAPHS = re.compile(r"\n[ \t\f]*\n|\f")


def read_plain_text(text: str) -> Parsed:
    blocks = [
        Block(paragraph.strip("\n")) for paragraph in _BETWEEN_PARAGRAPHS.split(text) if paragraph.strip()
    ]
    return Parsed("", [Section(blocks=blocks)])
