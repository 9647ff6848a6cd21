"""Which files a run of `ingest` covers, and the names that it gives them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragspace.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Source:
    """A path that the user named. `name` is what `file` of its passages begins with: `docs/` for a folder
    (ending in a slash), `docs/a.md` for a single file."""

    path: Path
    name: str


class Scope:
    """What the paths of one run cover: all that lies in its folders, and its single files.

    `file in scope` tells whether a passage's `file` is this run's concern, so that the passages of a file
    that is gone from a covered folder can be removed, and none of another folder.

    Raises ConfigurationError for a path that does not exist, or two whose files would bear the same names.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self.sources: Sequence[Source] = tuple(sorted(map(_source, paths), key=lambda source: source.name))
        self.folders = tuple(source.name for source in self.sources if source.name.endswith("/"))
        self.files = frozenset(source.name for source in self.sources if not source.name.endswith("/"))
        self._refuse_same_names()

    def __contains__(self, file: str) -> bool:
        return file in self.files or file.startswith(self.folders)

    def _refuse_same_names(self) -> None:
        names: dict[str, Path] = {}
        for source in self.sources:
            folder, _, _ = source.name.partition("/")
            other = names.get(source.name) or names.get(f"{folder}/")
            if other is not None:
                raise ConfigurationError(
                    f"{other} and {source.path} would both be stored as {source.name}.",
                    action="Name each folder or file once, and rename one of two that bear the same name.",
                )
            names[source.name] = source.path


def _source(path: Path) -> Source:
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except OSError:
        is_folder = exists = False
    if not exists:
        raise ConfigurationError(
            f"There is no file or folder {path}.", action="Check the PATH given to `ragspace ingest`."
        )
    if is_folder:
        return Source(path, f"{_name(path)}/")
    return Source(path, f"{_name(path.parent)}/{path.name}")


def _name(folder: Path) -> str:
    """The folder's name as the user wrote it; that of what `.`, `..` or `/` stands for."""
    return folder.name if folder.name not in ("", "..") else folder.resolve().name or "root"
