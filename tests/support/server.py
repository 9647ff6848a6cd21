"""The real service as a process of its own: `ragspace serve` on a free port, with its own environment.

with RunningServer(tmp_path, {"RATE_LIMIT": "1000/minute"}) as server:
    ...  # server.url answers; server.log is what it wrote
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from tests.support.servers import LOOPBACK, free_port

_PATIENCE_S = 30.0
_POLL_S = 0.02
_CALL_S = 5.0
_LOG_SHOWN = 8000
"""Characters from the log's end that a failure shows."""

Awaited = Literal["nothing", "live", "healthy"]


class ServerFailed(AssertionError):
    """It did not do what was waited for; the message holds the end of its log."""


class RunningServer:
    """One `ragspace serve` process. `home` is its HOME and, in `home/data`, where it keeps its data.

    It sees the variables of `environment`, PATH, HOME and RAGSPACE_DATA_DIR, and no `.env`: nothing of the
    developer's own. Its answer cache is off unless `environment` says otherwise, so that each question
    reaches the model. Entering it returns once it is what `until` says (`healthy` by default); leaving it
    stops it. After `stop` or `kill` it may be started again, on the same port with the same data.
    """

    def __init__(
        self, home: Path, environment: Mapping[str, str] | None = None, *, until: Awaited = "healthy"
    ) -> None:
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.data_dir = home / "data"
        self.environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "RAGSPACE_DATA_DIR": str(self.data_dir),
            "ANSWER_CACHE_ANSWERS": "0",
            **(environment or {}),
        }
        self._home = home
        self._log_file = home / f"server-{self.port}.log"
        self._until = until
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill() if kind else self.stop()

    def start(self, until: Awaited | None = None) -> None:
        """Start the process and wait until it is what `until` says. Raises ServerFailed where it is not."""
        if self._process is not None:
            raise RuntimeError("it runs already")
        self._home.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ragspace", "serve", "--port", str(self.port)],
                env=self.environment,
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait_until(until or self._until)
        except BaseException:
            self.kill()
            raise

    def _wait_until(self, awaited: Awaited) -> None:
        if awaited == "live":
            self.wait_for("it serves", lambda: self._status("/api/health/live") == 200)
        elif awaited == "healthy":
            self.wait_for("it is healthy", lambda: self._status("/api/health") == 200)

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def log(self) -> str:
        """What the process has written, over all its starts, to standard output and standard error."""
        return self._log_file.read_text(errors="replace") if self._log_file.exists() else ""

    def wait_for(self, what: str, condition: Callable[[], bool], timeout: float = _PATIENCE_S) -> None:
        """Wait for `condition`, `timeout` seconds at most. Raises ServerFailed, at once if it ended."""
        process = self._running()
        deadline = time.monotonic() + timeout
        while not condition():
            if process.poll() is not None:
                raise self._failure(f"it ended with {process.returncode} before {what}")
            if time.monotonic() > deadline:
                raise self._failure(f"not so after {timeout:.0f} s: {what}")
            time.sleep(_POLL_S)

    def health(self) -> dict[str, Any]:
        """The health report, whatever it says."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/health", timeout=_CALL_S) as response:
                report = response.read()
        except urllib.error.HTTPError as error:
            with error:
                report = error.read()
        told: dict[str, Any] = json.loads(report)
        return told

    def wait_for_exit(self, timeout: float = _PATIENCE_S) -> int:
        """The exit code of a process that ends by itself. Raises ServerFailed where it goes on."""
        process = self._running()
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self._failure(f"still running after {timeout:.0f} s") from None
        self._process = None
        return code

    def stop(self, timeout: float = _PATIENCE_S) -> int:
        """Ask it to end, as a container's runtime does; its exit code. One that does not end is killed, and
        ServerFailed raised."""
        process = self._running()
        process.send_signal(signal.SIGTERM)
        try:
            return self.wait_for_exit(timeout)
        except ServerFailed:
            self.kill()
            raise

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        process, self._process = self._running(), None
        process.kill()
        process.wait()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise RuntimeError("it does not run")
        return self._process

    def _status(self, path: str) -> int | None:
        try:
            with urllib.request.urlopen(self.url + path, timeout=_CALL_S) as response:
                status: int = response.status
                return status
        except urllib.error.HTTPError as error:
            error.close()
            return error.code
        except (OSError, HTTPException):
            return None

    def _failure(self, what: str) -> ServerFailed:
        return ServerFailed(f"the server: {what}\n{self.log[-_LOG_SHOWN:]}")
