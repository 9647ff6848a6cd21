"""Finding the documents below a folder."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePath

from ragspace.documents.scope import Source

SUFFIXES = frozenset({".md", ".markdown", ".mdx", ".html", ".htm", ".xhtml", ".pdf", ".rst", ".txt", ".text"})
"""Of the files that are read, in lower case."""

_GENERATED_OR_FOREIGN = frozenset(
    {"node_modules", "bower_components", "__pycache__", "venv", "site-packages"}
    | {"_build", "_static", "_templates", "_includes", "_layouts", "_site", "_book"}
)
_PARTIAL_SUFFIXES = frozenset({".md", ".mdx"})


def walk(source: Source) -> Iterator[tuple[str, Path, str]]:
    """`file`, path and, for what cannot be followed, the reason; in the order of the names.

    Not walked: hidden folders and files, those that a build or a package manager filled, and Docusaurus'
    partials (`_name.md`), which are only read as part of other pages. A file named by the user always is.
    """
    if not source.name.endswith("/"):
        yield source.name, source.path, ""
        return
    stack: list[tuple[str, Path, frozenset[tuple[int, int]]]] = [(source.name, source.path, frozenset())]
    while stack:
        name, path, above = stack.pop()
        if not name.endswith("/"):
            yield name, path, ""
            continue
        try:
            status = path.stat()
            identity = (status.st_dev, status.st_ino)
            if identity in above:
                yield name, path, "is a symbolic link to a folder that it stands in"
                continue
            entries = sorted(os.scandir(path), key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            yield name, path, f"cannot be opened: {(error.strerror or 'unknown error').lower()}"
            continue
        for entry in entries:
            if _is_folder(entry):
                if not entry.name.startswith(".") and entry.name not in _GENERATED_OR_FOREIGN:
                    stack.append((f"{name}{entry.name}/", Path(entry.path), above | {identity}))
            elif _is_document(entry.name):
                stack.append((name + entry.name, Path(entry.path), above))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_document(name: str) -> bool:
    suffix = PurePath(name).suffix.lower()
    hidden = name.startswith(".") or (name.startswith("_") and suffix in _PARTIAL_SUFFIXES)
    return suffix in SUFFIXES and not hidden
