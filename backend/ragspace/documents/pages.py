"""The path of the page that a file becomes on the site."""

import posixpath
import re
from pathlib import PurePosixPath

# Docusaurus' DefaultNumberPrefixParser: `01-intro` is the page `intro`, but `2021-11-news` and `7.0-notes`
# begin with a date and a version.
_DATE_OR_VERSION = re.compile(r"[0-9]+[-_.][0-9]+")
_NUMBER_PREFIX = re.compile(r"[0-9]+\s*[-_.]+\s*(?P<name>[^-_.\s].*)")


def docusaurus_page(file: str, *, slug: str = "", doc_id: str = "") -> str:
    """The page that Docusaurus' docs plugin makes of a Markdown file (`getSlug` in its source).

    The first folder of `file` is the plugin's root, which an absolute `slug` of the front matter is relative
    to; `doc_id` is the front matter's `id`.
    """
    root, *folders, name = _parts(file)
    stem = PurePosixPath(name).stem
    folder = posixpath.join("/", *map(_without_number, folders))
    if slug.startswith("/"):
        page = slug
    elif slug:
        page = posixpath.join(folder, slug)
    elif stem.lower() in ("index", "readme", *(last.lower() for last in folders[-1:])):
        page = folder
    else:
        page = posixpath.join(folder, doc_id if doc_id and "/" not in doc_id else _without_number(stem))
    return (root + posixpath.normpath(posixpath.join("/", page.lstrip("/")))).strip("/")


def sphinx_page(file: str) -> str:
    """The page of a reStructuredText file, as Sphinx' builder of directories names it."""
    return _index_is_folder(str(PurePosixPath(file).with_suffix("")))


def served_page(file: str) -> str:
    """The page of a file that a site serves as it is, so that its suffix stays."""
    path = PurePosixPath(file)
    return str(path.parent) if path.stem == "index" and path.suffix.startswith(".htm") else file


def _parts(file: str) -> tuple[str, ...]:
    parts = PurePosixPath(file).parts
    return parts if len(parts) > 1 else ("", *parts)


def _without_number(name: str) -> str:
    if _DATE_OR_VERSION.match(name):
        return name
    match = _NUMBER_PREFIX.fullmatch(name)
    return match["name"] if match else name


def _index_is_folder(page: str) -> str:
    return page.removesuffix("/index") if page.endswith("/index") else page
