"""What a commit has to change so that the repository holds exactly the bundle."""

import hashlib
from collections.abc import Mapping, Set
from dataclasses import dataclass

from ragspace.space.hub import RemoteFile

KEPT = frozenset({".gitattributes"})
"""The Hub's own, which tells it what it stores as large files."""

_PLACED_BY_THE_HUB = KEPT | {"README.md"}
_OURS = "ragspace/__init__.py"


@dataclass(frozen=True, slots=True)
class Changes:
    """`added` are new and changed files; `foreign` says that the repository holds another application, which
    would be replaced (its history keeps it)."""

    added: Mapping[str, bytes]
    deleted: tuple[str, ...]
    foreign: bool

    def __bool__(self) -> bool:
        return bool(self.added or self.deleted)


def changes(files: Mapping[str, bytes], remote: Mapping[str, RemoteFile]) -> Changes:
    """What makes `remote` into `files`. Contents are compared by git's blob id, or by the SHA-256 of a large
    file."""
    return Changes(
        added={path: content for path, content in files.items() if not _same(content, remote.get(path))},
        deleted=tuple(sorted(remote.keys() - files.keys() - KEPT)),
        foreign=is_foreign(remote.keys()),
    )


def is_foreign(paths: Set[str]) -> bool:
    """Whether a directory or repository that holds `paths` holds another application than ragspace."""
    return _OURS not in paths and bool(paths - _PLACED_BY_THE_HUB)


def _same(content: bytes, remote: RemoteFile | None) -> bool:
    if remote is None:
        return False
    if remote.sha256 is not None:
        return hashlib.sha256(content).hexdigest() == remote.sha256
    header = f"blob {len(content)}\0".encode()
    return hashlib.sha1(header + content, usedforsecurity=False).hexdigest() == remote.blob_id
