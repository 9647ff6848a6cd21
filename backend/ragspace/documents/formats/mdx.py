"""Markdown without what only the site generator reads: ESM, JSX tags, comments, admonition markers."""

import re
from collections.abc import Iterator

from ragspace.documents.sections import LONGEST_HEADING

_MDX_SIGNS = re.compile(
    r"""^(?:
        import \s+ (?: [^\n'"]* \s from \s* )? ['"] [^\n'"]+ ['"] ;? [ \t]* $
      | export \s+ (?:const|let|var|function|default) \s
      | [ \t]* </? [A-Z][\w.]* [\s/>]
    )""",
    re.MULTILINE | re.VERBOSE,
)
_NEEDS_CLEANING = re.compile(r"[<{]|:::|^(?:import|export)\b", re.MULTILINE)

_BINDING = r"(?: [\w$]+ | \* \s* as \s+ [\w$]+ | \{ [^{}'\"]* \} )"
_ESM = re.compile(
    rf"""^(?:
        import \s+ (?:type \s+)? {_BINDING} (?: \s* , \s* {_BINDING} )? \s* from \s* ['"] [^'"\n]+ ['"]
      | import \s+ ['"] [^'"\n]+ ['"] ;? [ \t]* $
      | export \s+ (?: (?:const|let|var) \s+ [\w${{\[]
                     | (?:default\s+)? (?:async\s+)? function \b
                     | (?:default\s+)? class \b
                     | default \s+ (?: [({{\[] | async\b | [\w$.]+;?[ \t]*$ )
                     | \{{ [^{{}}]* \}} \s* (?: from\b | ;? [ \t]* $ )
                     | \* \s+ (?: as | from ) \s )
    )""",
    re.MULTILINE | re.VERBOSE,
)
_ADMONITION = re.compile(
    r"""^(?P<container>[ \t>]*) :{3,}
    (?: [ \t]* [\w-]+ (?: \[ (?P<title>.*) \] )? (?: \{ [^}\n]* \} )? (?P<rest> [ \t].* )? )? [ \t]* $""",
    re.MULTILINE | re.VERBOSE,
)
_HTML_HEADING = re.compile(
    r"^[ \t]*<h(?P<level>[1-6])(?P<attributes>\s[^>\n]*)?>(?P<text>.+?)</h(?P=level)>[ \t]*$", re.MULTILINE
)
_HTML_ID = re.compile(r"\bid=[\"'](?P<id>[\w.:-]+)[\"']")

TAG_IN_HEADING = "\u2060"
"""An invisible character left where a heading had a tag: `## Limits <Badge />` has the anchor `limits-`, as
neither GitHub nor Docusaurus trims the space before it."""
_ATX_HEADING = re.compile(r"[ \t>]*#{1,6}[ \t]")

_MARK = re.compile(r"\\.|`+|<!--|\{/\*|\{\s*(?P<quote>['\"])\s*(?P=quote)\s*\}|</?(?=[A-Za-z>])", re.DOTALL)
_COMMENT_ENDS = {"<!--": "-->", "{/*": "*/}"}
_HEADING_ID = re.compile(r"\s*#(?P<id>[\w.:-]+)\s*")
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n")
_TAG_START = re.compile(r"</?(?P<name>[A-Za-z][A-Za-z0-9-]*(?:[.:][A-Za-z][\w-]*)*)?")
_ATTRIBUTE = re.compile(
    r"\s+[A-Za-z_:@][\w.:@-]*(?P<value>\s*=\s*(?:\"[^\"]*\"|'[^']*'|(?P<expression>\{)|[^\s\"'=<>`{}]+))?"
    r"|\s*(?P<spread>\{)"
)
_TAG_END = re.compile(r"\s*/?>")
_UNSEEN = frozenset({"script", "style"})
_BREAKING = frozenset(
    {"br", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "hr", "li", "ol", "p", "pre"}
    | {"section", "summary", "table", "tbody", "td", "th", "thead", "tr", "ul"}
)


def is_mdx(text: str) -> bool:
    """Whether a `.md` file is written in MDX, as Docusaurus takes every one of them to be."""
    return _MDX_SIGNS.search(text) is not None


def needs_cleaning(text: str) -> bool:
    return _NEEDS_CLEANING.search(text) is not None


def cleaned(text: str) -> str:
    """`text`, which holds no block of code, with the words of its tags' content and nothing of the tags.

    What stands between backticks or behind a backslash is left alone. Linear in the length of `text`.
    """
    text = _without_esm(text)
    text = _ADMONITION.sub(_admonition_title, text)
    text = _HTML_HEADING.sub(_markdown_heading, text)
    return _Scanner(text).without_markup()


def _without_esm(text: str) -> str:
    parts: list[str] = []
    position = 0
    while match := _ESM.search(text, position):
        parts.append(text[position : match.start()])
        position = _end_of_esm(text, match.start())
    return "".join([*parts, text[position:]]) if parts else text


def _end_of_esm(text: str, start: int) -> int:
    """An import or export ends at the first line that leaves no bracket open; at worst with the paragraph."""
    depth = 0
    first_blank = 0
    for line in re.compile(r".*(?:\n|\Z)").finditer(text, start, start + 20_000):
        if not line.group().strip():
            first_blank = first_blank or line.start()
            if depth <= 0:
                return line.start()
        depth += sum(1 if bracket in "({[" else -1 for bracket in re.findall(r"[(){}\[\]]", line.group()))
        if depth <= 0 and re.search(r"[;'\")}\]\w][ \t]*$", line.group().rstrip("\n")):
            return line.end()
    return first_blank or min(len(text), start + 20_000)


def _admonition_title(match: re.Match[str]) -> str:
    title = (match["title"] or match["rest"] or "").strip()
    return f"{match['container']}**{title}**" if title else match["container"].rstrip(" \t")


def _markdown_heading(match: re.Match[str]) -> str:
    own_id = _HTML_ID.search(match["attributes"] or "")
    suffix = f" {{#{own_id['id']}}}" if own_id else ""
    return f"\n{'#' * int(match['level'])} {match['text'].strip()}{suffix}\n"


class _Scanner:
    """One pass from left to right, so that whatever opens first decides what the rest means."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._closing_brace: dict[int, int] | None = None
        self._absent: set[str] = set()
        self._paragraph_end = 0
        self._unpaired: set[int] = set()

    def without_markup(self) -> str:
        text = self._text
        parts: list[str] = []
        position = 0
        for start, end, replacement in self._removals():
            before = text[position:start]
            needless = replacement == " " and (not before or before[-1].isspace())
            parts += [before, "" if needless else replacement]
            position = end
        return "".join([*parts, text[position:]]) if parts else text

    def _removals(self) -> Iterator[tuple[int, int, str]]:
        """Start, end and replacement of each piece to remove, in order."""
        position = 0
        while match := _MARK.search(self._text, position):
            position = match.end()
            opening = match.group()
            if opening[0] == "`":
                position = self._end_of_code_span(match)
            elif opening in _COMMENT_ENDS:
                if (end := self._after(_COMMENT_ENDS[opening], position)) is not None:
                    heading_id = _HEADING_ID.fullmatch(self._text, position, end - 3)
                    position = end
                    yield match.start(), end, f"{{#{heading_id['id']}}}" if heading_id else ""
            elif opening[0] == "{":
                yield match.start(), match.end(), " "
            elif opening[0] == "<" and (tag := self._tag(match.start())):
                name, position = tag
                yield match.start(), position, self._instead_of(name, match.start())

    def _instead_of(self, name: str, start: int) -> str:
        line = self._text[max(0, start - LONGEST_HEADING) : start].rpartition("\n")[2]
        if _ATX_HEADING.match(line):
            return TAG_IN_HEADING
        return " " if name in _BREAKING else ""

    def _after(self, closing: str, position: int) -> int | None:
        """Where `closing` ends; an absent one is looked for once only."""
        if closing in self._absent:
            return None
        found = self._text.find(closing, position)
        if found < 0:
            self._absent.add(closing)
            return None
        return found + len(closing)

    def _end_of_code_span(self, opening: re.Match[str]) -> int:
        """Behind the run of as many backticks in the same paragraph, else behind the opening one."""
        ticks = len(opening.group())
        if opening.start() >= self._paragraph_end:
            end = _PARAGRAPH_END.search(self._text, opening.start())
            self._paragraph_end = end.start() if end else len(self._text)
            self._unpaired.clear()
        if ticks not in self._unpaired:
            closing = re.compile(rf"(?<!`)`{{{ticks}}}(?!`)").search(
                self._text, opening.end(), self._paragraph_end
            )
            if closing:
                return closing.end()
            self._unpaired.add(ticks)
        return opening.end()

    def _tag(self, start: int) -> tuple[str, int] | None:
        """Name and end of the tag that begins at `start`; None where it is none (`a <b`, `<https://…>`)."""
        head = _TAG_START.match(self._text, start)
        if head is None:
            return None
        name = (head["name"] or "").lower()
        position = head.end()
        while name and (attribute := _ATTRIBUTE.match(self._text, position)):
            position = attribute.end()
            brace = attribute.start("expression") if attribute["expression"] else attribute.start("spread")
            if brace >= 0:
                closed = self._braces().get(brace)
                if closed is None:
                    return None
                position = closed + 1
        tail = _TAG_END.match(self._text, position)
        if tail is None:
            return None
        if name in _UNSEEN and not head.group().startswith("</") and not tail.group().endswith("/>"):
            return name, self._after(f"</{name}>", tail.end()) or tail.end()
        return name, tail.end()

    def _braces(self) -> dict[int, int]:
        """The position of each opening brace's closing one."""
        if self._closing_brace is None:
            self._closing_brace = {}
            unclosed: list[int] = []
            for brace in re.finditer(r"[{}]", self._text):
                if brace.group() == "{":
                    unclosed.append(brace.start())
                elif unclosed:
                    self._closing_brace[unclosed.pop()] = brace.start()
        return self._closing_brace
