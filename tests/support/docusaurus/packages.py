"""What Docusaurus' generator and its site need: pinned by package-lock.json, installed in .venv/cache."""

import hashlib
import shutil
import sys
from pathlib import Path

from tests.support import npm

_PROJECT = Path(__file__).parent
_CACHE = Path(sys.prefix) / "cache" / "docusaurus"
_FINISHED = "installed"
_INSTALL_S = 600.0


def directory_of_packages() -> Path:
    """What the present lock file asks for has a directory of its own."""
    digest = hashlib.sha256((_PROJECT / "package-lock.json").read_bytes()).hexdigest()
    return _CACHE / digest[:12]


def are_installed() -> bool:
    return (directory_of_packages() / _FINISHED).is_file()


def install() -> None:
    """In place of what an earlier lock file asked for. Raises NodeFailed."""
    shutil.rmtree(_CACHE, ignore_errors=True)
    directory = directory_of_packages()
    directory.mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_PROJECT / name, directory)
    npm.ci(directory, timeout=_INSTALL_S)
    (directory / _FINISHED).touch()
