"""Bytes of a file of unknown origin, as text."""

import codecs
import re

from ragspace.documents.sections import Unreadable

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def decode(data: bytes, *, declared: str | None = None) -> str:
    """The text, with `\\n` for every line end and nothing that UTF-8 cannot hold.

    Tried in turn: the byte order mark, UTF-8, the encoding that the file itself declares, Windows-1252 (in
    which Latin-1 text reads right too). Raises Unreadable for what is no text.
    """
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), None)
    if encoding is not None:
        try:
            return clean(data.decode(encoding))
        except UnicodeDecodeError:
            raise Unreadable(f"is not the {encoding.upper()} text that its first bytes announce") from None
    try:
        return clean(data.decode())
    except UnicodeDecodeError:
        if len(_CONTROLS.findall(data)) * 100 > len(data):
            raise Unreadable("is not text") from None
    for fallback in filter(None, (declared, "cp1252")):
        try:
            return clean(data.decode(fallback, "replace"))
        except (LookupError, ValueError):
            continue  # the file declares an encoding that does not exist, or that is none of text
    raise Unreadable("is not text")


def clean(text: str) -> str:
    """Line ends as `\\n`; null characters and lone surrogates, which no database takes, left out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return text if text.isascii() else text.encode("utf-8", "ignore").decode()
