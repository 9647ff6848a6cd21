"""Heading anchors, as GitHub and Docusaurus make them (the algorithm of the npm package github-slugger)."""

import unicodedata

_KEPT_CATEGORIES = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pc"})
_CIRCLED_LETTERS = (
    range(0x24B6, 0x24EA),
    range(0x1F130, 0x1F14A),
    range(0x1F150, 0x1F16A),
    range(0x1F170, 0x1F18A),
)


def _kept(character: str) -> bool:
    """Whether Unicode calls it a word character: alphabetic, a mark, a digit or connecting punctuation."""
    if unicodedata.category(character) in _KEPT_CATEGORIES:
        return True
    return any(ord(character) in letters for letters in _CIRCLED_LETTERS)


def slug(text: str) -> str:
    """The anchor of a heading that reads `text`: lower case, punctuation dropped, each space a `-`."""
    return "".join(
        "-" if character == " " else character
        for character in text.lower()
        if character in " -" or _kept(character)
    )


class Slugger:
    """Anchors unique within one file: the second `setup` becomes `setup-1`, the third `setup-2`."""

    def __init__(self) -> None:
        self._occurrences: dict[str, int] = {}

    def slug(self, text: str) -> str:
        original = anchor = slug(text)
        while anchor in self._occurrences:
            self._occurrences[original] += 1
            anchor = f"{original}-{self._occurrences[original]}"
        self._occurrences[anchor] = 0
        return anchor
