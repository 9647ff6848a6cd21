"""What is streamed: answers in Markdown, cut into pieces as language models cut theirs."""

import re
from pathlib import Path

TOKENS = 5000
START = 1000
MARKS = 120
_PIECE = re.compile(r"\s*\S{1,5}")
_MIXED = Path(__file__).with_name("mixed.md")
_ITEM = "- Item {n} tells what the **setting** does, in `code` and in words, and where it is read [1].\n"


def pieces(name: str) -> list[str]:
    """The pieces of an answer: `mixed`, its `start`, `list` (one block until its end) or `marks`.

    `mixed` and `list` have TOKENS pieces, `start` has START, of one to five characters and the space before
    them; `marks` has MARKS numbered words, which tell a reader of the page how far it has come.
    """
    if name == "marks":
        return [f"w{number:04} " for number in range(MARKS)]
    template = _ITEM if name == "list" else _MIXED.read_text()
    text = "".join(template.replace("{n}", str(number)) for number in range(1, TOKENS))
    return _PIECE.findall(text)[: START if name == "start" else TOKENS]
