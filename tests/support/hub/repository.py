"""The git repository of a Space: files by path, commits, blob ids."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any

import orjson

INITIAL = {
    ".gitattributes": b"*.bin filter=lfs diff=lfs merge=lfs -text\n",
    "README.md": "---\ntitle: Demo\nemoji: 🐳\ncolorFrom: blue\ncolorTo: green\nsdk: docker\n---\n".encode(),
}
"""What the Hub puts into a new Space."""


@dataclass(frozen=True, slots=True)
class Commit:
    oid: str
    summary: str
    added: tuple[str, ...]
    deleted: tuple[str, ...]


def blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


@dataclass(slots=True)
class Repository:
    files: dict[str, bytes] = field(default_factory=lambda: dict(INITIAL))
    commits: list[Commit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._append("initial commit", tuple(self.files), ())

    @property
    def head(self) -> str:
        return self.commits[-1].oid

    def tree(self) -> list[dict[str, Any]]:
        """The recursive listing: folders, then files."""
        folders = {path.rpartition("/")[0] for path in self.files} - {""}
        entries: list[dict[str, Any]] = [
            {"type": "directory", "oid": "0" * 40, "size": 0, "path": folder} for folder in sorted(folders)
        ]
        return entries + [
            {"type": "file", "oid": blob_id(content), "size": len(content), "path": path}
            for path, content in sorted(self.files.items())
        ]

    def apply(self, body: bytes) -> Commit:
        """One commit from the lines of JSON that a client sends. Raises ValueError for what the Hub refuses,
        LookupError where it is not made on top of the newest commit."""
        lines = [orjson.loads(line) for line in body.splitlines()]
        header = lines[0]["value"]
        if lines[0]["key"] != "header" or not header["summary"]:
            raise ValueError("no header")
        if header.get("parentCommit", self.head) != self.head:
            raise LookupError("The expected parent commit is not the newest one")
        added, deleted = {}, []
        for line in lines[1:]:
            match line:
                case {"key": "file", "value": {"path": path, "content": content, "encoding": "base64"}}:
                    added[path] = base64.b64decode(content, validate=True)
                case {"key": "deletedFile", "value": {"path": path}} if path in self.files:
                    deleted.append(path)
                case _:
                    raise ValueError(f"unexpected line: {line['key']}")
        self.files = {path: data for path, data in self.files.items() if path not in deleted} | added
        return self._append(header["summary"], tuple(added), tuple(deleted))

    def _append(self, summary: str, added: tuple[str, ...], deleted: tuple[str, ...]) -> Commit:
        oid = hashlib.sha1(f"{len(self.commits)} {summary}".encode()).hexdigest()
        self.commits.append(Commit(oid, summary, added, deleted))
        return self.commits[-1]
