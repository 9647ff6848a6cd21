"""Citations in a streamed text: `[1]`, `[2, 3]` or `[Source 1]` refers to a source by its index.

A citation of a source that was not retrieved is an invention and never reaches the reader, even when it is
split over several pieces. Inside code, brackets are code.
"""

import re

_CITATION = re.compile(
    r" ?\[ ?(?:sources? )?(\d{1,3}(?: ?, ?(?:sources? )?\d{1,3}){0,12}) ?\](?!\()", re.IGNORECASE
)
_UNFINISHED = re.compile(r"(?: ?\[[^\[\]\n]{0,150}\]?| )\Z")
_NUMBER = re.compile(r"\d+")
_CODE_MARK = re.compile(r"`+")
# Without what stands before it, thousands of backticks, for which a model can be asked, would each be tried.
_LAST_CODE_MARK = re.compile(r"(?<!`)`++\Z")


class CitationFilter:
    """Passes a text on piece by piece, without the citations of sources beyond `count`.

    `cited` holds the indexes that the text really cites, in the order of their first appearance.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._held = ""
        self._code_mark = ""
        self.cited: list[int] = []

    def feed(self, text: str) -> str:
        """What of the text so far can be shown; the start of a possible citation is held back."""
        text = self._held + text
        self._held = ""
        if "[" not in text and "`" not in text:
            # Most of what a model writes: only a space may belong to a citation that comes next.
            if text.endswith(" ") and not self._code_mark:
                text, self._held = text[:-1], " "
            return text
        trailing_mark = _LAST_CODE_MARK.search(text)
        if trailing_mark:
            text, self._held = text[: trailing_mark.start()], trailing_mark[0]
        elif (unfinished := _UNFINISHED.search(text)) and not self._ends_in_code(text):
            text, self._held = text[: unfinished.start()], unfinished[0]
        return self._checked(text)

    def flush(self) -> str:
        """What was held back, when the text is over."""
        text, self._held = self._held, ""
        return self._checked(text)

    def _ends_in_code(self, text: str) -> bool:
        mark = self._code_mark
        for found in _CODE_MARK.findall(text):
            mark = _next_mark(mark, found)
        return bool(mark)

    def _checked(self, text: str) -> str:
        checked: list[str] = []
        position = 0
        for found in _CODE_MARK.finditer(text):
            checked += [self._piece(text[position : found.start()]), found[0]]
            self._code_mark = _next_mark(self._code_mark, found[0])
            position = found.end()
        checked.append(self._piece(text[position:]))
        return "".join(checked)

    def _piece(self, text: str) -> str:
        return text if self._code_mark else _CITATION.sub(self._citation, text)

    def _citation(self, found: re.Match[str]) -> str:
        numbers = [int(number) for number in _NUMBER.findall(found[1])]
        real = [number for number in numbers if 1 <= number <= self._count]
        self.cited += [number for number in dict.fromkeys(real) if number not in self.cited]
        if len(real) == len(numbers):
            return found[0]
        if not real:
            return ""
        return (" " if found[0].startswith(" ") else "") + "".join(f"[{number}]" for number in real)


def _next_mark(mark: str, found: str) -> str:
    """The open code mark after `found`: a fence is closed by at least as many, a span by just as many."""
    if not mark:
        return found
    closes = len(found) >= len(mark) if len(mark) >= 3 else found == mark
    return "" if closes else mark
