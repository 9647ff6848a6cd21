"""The commands of a guide: its fenced blocks, by what their fences say."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `info` is what stands behind the fence, `heading` the one above it."""

    info: str
    heading: str
    text: str

    @property
    def commands(self) -> list[str]:
        return self.text.strip().splitlines()


def blocks_of(guide: Path) -> list[Block]:
    """All fenced blocks, in order."""
    text = guide.read_text()
    found = []
    for match in _BLOCK.finditer(text):
        # Comments of a shell block look like headings, but stand behind it.
        heading = _HEADING.findall(text[: match.start()])[-1]
        found.append(Block(match["info"].strip(), heading, textwrap.dedent(match["text"])))
    return found
