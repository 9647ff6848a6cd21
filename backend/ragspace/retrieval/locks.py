"""Advisory locks on files: which process owns what of the embedded index."""

import fcntl
import os
from pathlib import Path
from typing import Self


class FileLock:
    """An exclusive lock that the operating system lets go of when its process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """The lock on the file at `path`, made where it is missing; None where somebody holds it.

        Raises FileNotFoundError where its directory is missing.
        """
        try:
            return cls._locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None

    @classmethod
    def wait(cls, path: Path) -> Self:
        """As `take`, and the thread waits until nobody else holds it."""
        return cls._locked(path, fcntl.LOCK_EX)

    @classmethod
    def _locked(cls, path: Path, operation: int) -> Self:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, operation)
        except OSError:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def release(self) -> None:
        """Let go; a second time changes nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
