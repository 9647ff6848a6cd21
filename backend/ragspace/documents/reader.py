"""Files on disk into documents, one at a time."""

import stat
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeVar
from uuid import UUID

from ragspace.documents.encoding import decode
from ragspace.documents.formats.markdown import read_markdown
from ragspace.documents.formats.pdf import read_pdf
from ragspace.documents.formats.plaintext import read_plain_text
from ragspace.documents.formats.webpage import read_webpage
from ragspace.documents.pages import docusaurus_page, served_page, sphinx_page
from ragspace.documents.passage import CountTokens, Passage
from ragspace.documents.read_cache import ReadCache
from ragspace.documents.scope import Scope
from ragspace.documents.sections import Parsed, Unreadable
from ragspace.documents.splitting import split
from ragspace.documents.walking import SUFFIXES, walk

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes: of a PDF, which is mostly pictures."""

LARGEST_TEXT = 16 * 1024 * 1024
"""Bytes of any other file: some twenty thousand passages. What is larger is data or an export, and 50 MB of
Markdown take 800 MB of memory while they are parsed."""

LONGEST_PROSE = 140
"""Tokens of a passage. Retrieval is best near 140 (docs/evaluation.md): shorter passages lose their context,
longer ones mix subjects."""

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read. `title` is its own, else its first heading of level 1, else the file's name."""

    file: str
    title: str
    passages: list[Passage]


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that was not read; `reason` is a sentence for a person. `unopened` tells that nobody knows what
    stands in it now: what was read of it before may still be true."""

    file: str
    reason: str
    unopened: bool = False


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A file that was not parsed, since it gave the passages of these ids before."""

    file: str
    passages: Sequence[UUID]


class _Unopened(Unreadable):
    """The file is there, but the system does not give it."""


def read_documents(
    paths: Sequence[Path], count_tokens: CountTokens, *, max_tokens: int = LONGEST_PROSE
) -> Iterator[Document | SkippedFile]:
    """Every document at `paths`, in the order of their names, each read when it is asked for.

    Passages have at most `max_tokens` tokens; code and tables that are longer stay whole up to 512.

    Raises ConfigurationError, before anything is read, for a path that does not exist or two whose files
    would bear the same names.
    """
    return _each(
        Scope(paths), lambda file, path: _document(file, _content(file, path), count_tokens, max_tokens)
    )


def read_changed_documents(
    paths: Sequence[Path], count_tokens: CountTokens, cache: ReadCache, known: Container[UUID]
) -> Iterator[Document | SkippedFile | Unchanged]:
    """As `read_documents`, but what `cache` says gives only passages in `known` is not parsed."""

    def read(file: str, path: Path) -> Document | Unchanged:
        data = _content(file, path)
        passages = cache.passages(file, data)
        if passages and all(passage in known for passage in passages):
            return Unchanged(file, passages)
        document = _document(file, data, count_tokens)
        cache.remember(file, data, document.passages)
        return document

    return _each(Scope(paths), read)


def _each(scope: Scope, read: Callable[[str, Path], Read]) -> Iterator[Read | SkippedFile]:
    for source in scope.sources:
        for file, path, reason in walk(source):
            try:
                if reason:
                    raise _Unopened(reason)
                yield read(file, path)
            except Unreadable as skipped:
                shown = file.encode("utf-8", "replace").decode()
                kind = "folder" if file.endswith("/") else "file"
                yield SkippedFile(shown, f"The {kind} {skipped}.", isinstance(skipped, _Unopened))


def _content(file: str, path: Path) -> bytes:
    """Raises Unreadable for a file that is not to be read."""
    suffix = PurePosixPath(file).suffix.lower()
    if suffix not in SUFFIXES:
        raise Unreadable("is of a kind that is not read (read are " + ", ".join(sorted(SUFFIXES)) + ")")
    if not _is_unicode(file):
        raise Unreadable("has a name that is not UTF-8")
    data = _read(path, LARGEST_FILE if suffix == ".pdf" else LARGEST_TEXT)
    if not data.strip():
        raise Unreadable("is empty")
    return data


def _document(file: str, data: bytes, count_tokens: CountTokens, max_tokens: int = LONGEST_PROSE) -> Document:
    suffix = PurePosixPath(file).suffix.lower()
    try:
        parsed = _PARSERS[suffix](data)
    except (Unreadable, ImportError):
        raise
    except RecursionError:
        raise Unreadable("is nested too deeply") from None
    except Exception as error:  # noqa: BLE001 - one file that trips a parser must not end the run
        raise Unreadable(f"cannot be parsed ({type(error).__name__})") from None
    page = _page(file, suffix, parsed)
    passages = [
        passage
        for section in parsed.sections
        for passage in split(section, file=file, page=page, count_tokens=count_tokens, max_tokens=max_tokens)
    ]
    if not passages:
        raise Unreadable("holds no text")
    return Document(file, parsed.title or PurePosixPath(file).stem, passages)


def _read(path: Path, largest: int) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise Unreadable("is no regular file")
        if status.st_size > largest:
            raise Unreadable(f"is larger than {largest // 1024**2} MB: split it up")
        return path.read_bytes()
    except FileNotFoundError:
        raise Unreadable(
            "is a link to a file that does not exist" if path.is_symlink() else "is gone"
        ) from None
    except OSError as error:
        raise _Unopened(f"cannot be opened: {(error.strerror or 'unknown error').lower()}") from None


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_restructured_text(data: bytes) -> Parsed:
    from ragspace.documents.formats.restructured import read_restructured_text  # brings docutils

    return read_restructured_text(decode(data))


_PARSERS: dict[str, Callable[[bytes], Parsed]] = {
    ".mdx": lambda data: read_markdown(decode(data), mdx=True),
    **dict.fromkeys((".md", ".markdown"), lambda data: read_markdown(decode(data))),
    **dict.fromkeys((".html", ".htm", ".xhtml"), read_webpage),
    ".pdf": read_pdf,
    ".rst": _read_restructured_text,
    **dict.fromkeys((".txt", ".text"), lambda data: read_plain_text(decode(data))),
}


def _page(file: str, suffix: str, parsed: Parsed) -> str:
    if suffix in (".md", ".markdown", ".mdx"):
        return docusaurus_page(file, slug=parsed.slug, doc_id=parsed.id)
    return sphinx_page(file) if suffix == ".rst" else served_page(file)
