"""A copy of what a bundle is made from, which stays as it is while the repository is edited."""

import shutil
from pathlib import Path

_REPOSITORY = Path(__file__).parents[3]
_PREPARED = Path("build") / "sample-index"


class Checkout:
    """The copy in `directory`. Its index of the sample corpus is its own as well: two processes that prepare
    the same one would be in each other's way."""

    def __init__(self, directory: Path, original: Path = _REPOSITORY) -> None:
        self.directory = directory
        self.package = directory / "backend" / "ragspace"
        ignored = shutil.ignore_patterns("__pycache__")
        for part in ("backend/ragspace", "frontend/dist", "huggingface-spaces", "docs"):
            shutil.copytree(original / part, directory / part, ignore=ignored)
        for file in ("README.md", "LICENSE", "pyproject.toml"):
            shutil.copy(original / file, directory)
        if (original / _PREPARED).is_dir():
            shutil.copytree(original / _PREPARED, directory / _PREPARED)

    @property
    def python_path(self) -> str:
        """For PYTHONPATH, so that `python -m ragspace` runs the copy."""
        return str(self.package.parent)
