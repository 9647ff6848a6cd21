"""The built front end: where it lies, and which of its files a visitor of the service gets."""

from pathlib import Path

PACKED = "page"
"""The directory in the package that holds the page, in an image or an installed package."""

INDEX = "index.html"
ASSETS = "assets/"
"""Files below it have names that change with their content."""

WIDGET = "widget.js"
"""What other sites embed."""

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parents[1]
_BESIDE_IT = frozenset({".svg", ".png", ".ico", ".txt", ".webmanifest"})
"""Kinds of files beside index.html that browsers ask for. `dist` holds modules for bundlers too."""


def built_page(directory: Path | None = None) -> dict[str, bytes]:
    """The page's files by path below `/`, sorted; `index.html` and `widget.js` are among them.

    By default they come from the package, else from `frontend/dist` of the checkout that it runs from. Empty
    where the page was not built.
    """
    directory = directory or _directory()
    if not (directory / INDEX).is_file() or not (directory / WIDGET).is_file():
        return {}
    paths = sorted(file.relative_to(directory).as_posix() for file in directory.rglob("*") if file.is_file())
    return {path: (directory / path).read_bytes() for path in paths if _is_the_pages(path)}


def _directory() -> Path:
    packed = _PACKAGE / PACKED
    return packed if packed.is_dir() else _CHECKOUT / "frontend" / "dist"


def _is_the_pages(path: str) -> bool:
    if path.startswith(ASSETS):
        return not path.endswith(".map")
    return path in (INDEX, WIDGET) or ("/" not in path and Path(path).suffix in _BESIDE_IT)
