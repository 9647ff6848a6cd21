"""A deployment's progress in the terminal: the running phase, and the Space's log lines above it."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

from ragspace.space.hub import LogName


class TerminalProgress:
    """Shows phases as they begin and end. In a terminal the running one is animated, else it is a line."""

    def __init__(self, console: Console, redact: Callable[[str], str]) -> None:
        self._console = console
        self._redact = redact
        self._lock = threading.Lock()
        self._status: Status | None = None
        self._doing: str | None = None
        self._since = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status = self._console.status("")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._end("✗" if kind else "✓", "red" if kind else "green")
            if self._status is not None:
                self._status.stop()

    def phase(self, doing: str) -> None:
        with self._lock:
            self._end("✓", "green")
            self._doing, self._since = doing, time.monotonic()
            if self._status is not None:
                self._status.update(f"{doing}…")
            else:
                self._print(f"  {doing}…")

    def log(self, name: LogName, line: str) -> None:
        with self._lock:
            self._print(f"    {name} │ {line}", "dim")

    def note(self, text: str) -> None:
        with self._lock:
            self._print(f"    {text}", "dim")

    def _end(self, mark: str, style: str) -> None:
        if self._doing is not None:
            seconds = time.monotonic() - self._since
            self._print(f"{mark} {self._doing}, {seconds:.1f} s", style)
            self._doing = None

    def _print(self, text: str, style: str = "") -> None:
        self._console.print(self._redact(text), style=style, markup=False)
