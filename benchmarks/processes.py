"""Processes of a benchmark: started, waited for, weighed, and ended by their own id."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import orjson
import psutil

from benchmarks.load import Plan
from benchmarks.statistics import Figures

PATIENCE_S = 60.0


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str] | None = None, directory: Path | None = None
) -> Iterator[psutil.Process]:
    """`command` in a process that ends with the block. `environment` replaces this process's, but PATH."""
    passed = None if environment is None else {"PATH": os.environ["PATH"], **environment}
    process = psutil.Popen(
        list(command), env=passed, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except (psutil.TimeoutExpired, subprocess.TimeoutExpired):
            process.kill()
            process.wait()


def wait_for(url: str, process: psutil.Process, *, every: float = 0.01, patience: float = PATIENCE_S) -> None:
    """Return when `url` answers 200; RuntimeError where `process` has ended or `patience` (seconds) has."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        if answers(url):
            return
        time.sleep(every)
    raise RuntimeError(f"nothing answers at {url}")


def answers(url: str, timeout: float = 5) -> bool:
    """Whether `url` answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def memory_mb(process: psutil.Process) -> float:
    """What `process` and its children keep in memory (RSS)."""
    family = [process, *process.children(recursive=True)]
    return float(sum(member.memory_info().rss for member in family)) / 2**20


def load(plan: Plan) -> Figures:
    """What the load generator, in a process of its own, sees."""
    command = [sys.executable, "-m", "benchmarks.load", plan.json()]
    shown = subprocess.run(command, check=True, capture_output=True)
    return Figures(**orjson.loads(shown.stdout))
