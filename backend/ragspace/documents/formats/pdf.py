"""PDF files into sections: under the headings of their outline, else one section a page."""

import io
import logging
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragspace.documents.encoding import clean
from ragspace.documents.sections import Block, Outline, Parsed, Section, Unreadable

if TYPE_CHECKING:
    from pypdf import PdfReader

_HYPHENATED = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_])")
_LEADER = re.compile(r"(?:[ \t]?\.){5,}")
"""The dots between an entry of a table of contents and its page."""
_PROGRAM_TITLE = re.compile(r"untitled|microsoft \w+ - |.*\.(?:docx?|pdf|tex|dvi|indd|odt)$", re.IGNORECASE)
_DEEPEST = 6


def read_pdf(data: bytes) -> Parsed:
    """The anchor of a section is `page=3`, which a browser's viewer understands.

    Raises Unreadable for a file that is broken, protected by a password, or only holds pictures.
    """
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    # pypdf logs every oddity that it mended; which files could not be read is told elsewhere.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("is protected by a password")
        pages = [_text(page.extract_text()) for page in reader.pages]
        title = _title(reader)
    except Unreadable:
        raise
    except DependencyError:
        raise Unreadable("is encrypted in a way that cannot be undone here") from None
    except Exception:  # noqa: BLE001 - a broken file raises whatever the parser stumbles over
        raise Unreadable("is not a readable PDF") from None
    if not any(pages):
        raise Unreadable("holds no text, only pictures of pages")
    bookmarks = _bookmarks(reader)
    sections = _by_bookmark(title, pages, bookmarks) if bookmarks else _by_page(title, pages)
    return Parsed(title, sections)


def _text(extracted: str) -> str:
    return _LEADER.sub(" …", _HYPHENATED.sub("", clean(extracted))).strip()


def _title(reader: "PdfReader") -> str:
    """The title in the metadata, unless it is but the name of the file that the PDF was made from."""
    title = (reader.metadata and reader.metadata.title) or ""
    title = " ".join(clean(str(title)).split())
    return "" if _PROGRAM_TITLE.match(title) else title


@dataclass(frozen=True, slots=True)
class _Bookmark:
    """A heading of the outline: level 1 to 6, and the index of the page on which it stands."""

    level: int
    text: str
    page: int


def _bookmarks(reader: "PdfReader") -> list[_Bookmark]:
    try:
        found = list(_flattened(reader, reader.outline, 1))
    except Exception:  # noqa: BLE001 - a broken outline does not make the text unreadable
        return []
    return sorted(found, key=lambda bookmark: bookmark.page)


def _flattened(reader: "PdfReader", entries: list[Any], level: int) -> Iterator[_Bookmark]:
    for entry in entries:
        if isinstance(entry, list):
            yield from _flattened(reader, entry, level + 1)
            continue
        page = reader.get_destination_page_number(entry)
        text = " ".join(clean(str(entry.title or "")).split())
        if text and page is not None and page >= 0:
            yield _Bookmark(min(level, _DEEPEST), text, page)


def _by_page(title: str, pages: list[str]) -> list[Section]:
    outline = Outline(title)
    for number, text in enumerate(pages, start=1):
        outline.heading(1, f"Page {number}", f"page={number}")
        _add_paragraphs(outline, text)
    return outline.sections


def _by_bookmark(title: str, pages: list[str], bookmarks: list[_Bookmark]) -> list[Section]:
    """Bookmarks name a page only: where on it a heading stands is found by its words, else taken to be where
    the one before it ended."""
    outline = Outline(title)
    waiting = deque(bookmarks)
    for index, text in enumerate(pages):
        position = 0
        while waiting and waiting[0].page <= index:
            bookmark = waiting.popleft()
            words = r"\s+".join(map(re.escape, bookmark.text.split()))
            heading = re.compile(rf"^[\d.\s]*{words}[ \t]*$", re.IGNORECASE | re.MULTILINE).search(
                text, position
            )
            if heading:
                _add_paragraphs(outline, text[position : heading.start()])
                position = heading.end()
            outline.heading(bookmark.level, bookmark.text, f"page={index + 1}")
        _add_paragraphs(outline, text[position:])
    return outline.sections


def _add_paragraphs(outline: Outline, text: str) -> None:
    for paragraph in re.split(r"\n[ \t]*\n", text):
        if paragraph.strip():
            outline.add(Block(paragraph.strip()))
