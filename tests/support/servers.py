"""Server processes of the tests: started on loopback, told apart from every other by their process id."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

LOOPBACK = "127.0.0.1"

_PATIENCE_S = 30.0
_PORTS = range(20_000, 32_000)
"""Below those that systems give to outgoing connections, which might take one before its server does."""

_handed_out: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on, and that was not given to another caller."""
    while True:
        # Not by `random`, which tests seed: processes side by side would draw the same.
        port = secrets.choice(_PORTS)
        if port in _handed_out:
            continue
        with socket.socket() as probe:
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        _handed_out.add(port)
        return port


def other_user() -> str | None:
    """PostgreSQL and PgBouncer refuse to run as root; then they run as this user."""
    return "nobody" if os.geteuid() == 0 else None


@contextmanager
def server_directory(name: str) -> Iterator[Path]:
    """An empty directory that the servers' user can reach (pytest's own cannot be: they are private)."""
    directory = Path(tempfile.mkdtemp(prefix=f"ragspace-{name}-"))
    hand_over(directory)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def hand_over(*paths: Path) -> None:
    """Give `paths` to the servers' user, where that is another one."""
    user = other_user()
    if user is not None:
        for path in paths:
            shutil.chown(path, user)


def launch(command: Sequence[str | Path], log: Path) -> subprocess.Popen[bytes]:
    """Start `command` as the servers' user, its output going to `log`."""
    user = other_user()
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=log.parent,
            user=user,
            extra_groups=None if user is None else [],
        )


class ServerProcess:
    """One server process at `port`, writing its log into `log`."""

    stop_signal = signal.SIGINT
    """What ends it without waiting for its clients."""

    def __init__(self, command: Sequence[str | Path], port: int, log: Path) -> None:
        self.port = port
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, unless it runs; return when it takes connections."""
        if self._process is not None:
            return
        self._process = launch(self._command, self._log)
        deadline = time.monotonic() + _PATIENCE_S
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{self._command[0]} did not start:\n{self._log.read_text()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it at once, whatever its clients do; it may be started again."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.send_signal(self.stop_signal)
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """For the time of the block nobody listens."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """For the time of the block it takes connections and bytes, and answers nothing."""
        if self._process is None:
            raise RuntimeError("it does not run")
        family = psutil.Process(self._process.pid)
        members = [family, *family.children(recursive=True)]
        for member in members:
            with suppress(psutil.NoSuchProcess):
                member.suspend()
        try:
            yield
        finally:
            for member in members:
                with suppress(psutil.NoSuchProcess):
                    member.resume()

    def _ready(self) -> bool:
        try:
            socket.create_connection((LOOPBACK, self.port), timeout=1).close()
        except OSError:
            return False
        return True
