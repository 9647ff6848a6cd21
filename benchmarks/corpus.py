"""Documentation that nobody wrote: as many Markdown files as wanted, always the same for the same seed.

The words are those of the built-in model's own vocabulary, which lists them about from the frequent to the
rare, drawn by Zipf's law, so that the tokenizer and BM25 meet a text's natural distribution of terms. Every
file has a title, sections of one or two passages, and now and then a list, a table or code with a `#` in it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

SECTIONS = 8
"""In a file: with their parts they come to about ten passages."""

FOLDER = 100
"""Files in one folder."""

_ZIPF = 1.05
_LONGEST_SENTENCE = 26
_SOURCE = "# {0}\n{0} = {1}({2!r})\nif not {0}:\n    raise {3}\n"


def write_corpus(root: Path, files: int, seed: int = 1) -> int:
    """Write `files` Markdown files below `root`; how many bytes they have together.

    The first files of a larger corpus are those of a smaller one.
    """
    import numpy as np

    words = _vocabulary()
    shares = 1 / np.arange(1, len(words) + 1) ** _ZIPF
    ladder = np.cumsum(shares / shares.sum())
    size = 0
    for number in range(files):
        path = root / f"part-{number // FOLDER:03d}" / f"page-{number:05d}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        size += path.write_bytes(_Page(words, ladder, np.random.default_rng((seed, number))).text().encode())
    return size


def _vocabulary() -> list[str]:
    from ragspace.models.minilm_tokens import tokenizer

    vocabulary = sorted(tokenizer().get_vocab().items(), key=lambda item: item[1])
    return [word for word, _ in vocabulary if len(word) > 1 and word.isascii() and word.isalpha()]


class _Page:
    def __init__(self, words: list[str], ladder: "np.ndarray", random: "np.random.Generator") -> None:
        self._words = words
        self._ladder = ladder
        self._random = random

    def text(self) -> str:
        parts = [f"# {self._heading()}", self._paragraph(40)]
        for _ in range(SECTIONS):
            level = "##" if self._random.random() < 0.7 else "###"
            parts += [f"{level} {self._heading()}", *self._section()]
        return "\n\n".join(parts) + "\n"

    def _section(self) -> list[str]:
        parts = [self._paragraph(int(words)) for words in self._random.lognormal(4.1, 0.5, 2)]
        kind = self._random.random()
        if kind < 0.15:
            parts.insert(1, "\n".join(f"- {' '.join(self._drawn(9))}" for _ in range(4)))
        elif kind < 0.25:
            parts.insert(1, "```py\n" + _SOURCE.format(*self._drawn(4)) + "```")
        elif kind < 0.3:
            rows = [f"| {left} | {right} |" for left, right in zip(*[iter(self._drawn(10))] * 2, strict=True)]
            parts.insert(1, "\n".join([rows[0], "| --- | --- |", *rows[1:]]))
        return parts

    def _paragraph(self, words: int) -> str:
        drawn = self._drawn(max(words, 4))
        sentences = []
        while drawn:
            length = int(self._random.integers(6, _LONGEST_SENTENCE))
            sentence, drawn = drawn[:length], drawn[length:]
            sentences.append(" ".join(sentence).capitalize() + ".")
        return " ".join(sentences)

    def _heading(self) -> str:
        return " ".join(self._drawn(int(self._random.integers(2, 6)))).capitalize()

    def _drawn(self, count: int) -> list[str]:
        ranks = self._ladder.searchsorted(self._random.random(count))
        return [self._words[rank] for rank in ranks]
