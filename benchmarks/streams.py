"""Paced streams to many readers, through ragspace and through the bare relay, in turn and in one run."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.error import URLError

from benchmarks.report import table

READERS = (1, 16, 50, 200, 400)
MODEL = "ttft100-itl20-len64"
FIRST_MS = 100
DELTAS = 64
UPSTREAM_PORT, RELAY_PORT, SERVER_PORT = 18201, 18202, 18203
UPSTREAM = f"http://127.0.0.1:{UPSTREAM_PORT}"


def measure() -> str:
    """Added first-token time, gaps and throughput at each number of readers, beside the relay's."""
    rows = []
    with ExitStack() as processes:
        _start_all(processes)
        for readers in READERS:
            ours = _load(readers, f"http://127.0.0.1:{SERVER_PORT}/api/chat")
            limit = _load(readers, f"http://127.0.0.1:{RELAY_PORT}/")
            if ours["deltas"] != readers * DELTAS or ours["lost"]:
                raise RuntimeError(f"words were lost at {readers} readers: {ours}")
            rows.append(
                [
                    str(readers),
                    f"{_added_ms(ours):.1f} / {_added_ms(limit):.1f} ms",
                    f"{_added_ms(ours, 'p99'):.0f} / {_added_ms(limit, 'p99'):.0f} ms",
                    f"{ours['gap_p99'] * 1000:.0f} / {limit['gap_p99'] * 1000:.0f} ms",
                    f"{ours['deltas_per_s']:,.0f} / {limit['deltas_per_s']:,.0f}",
                    f"{ours['deltas_per_s'] / limit['deltas_per_s']:.2f}",
                ]
            )
    head = (
        f"## Streams\n\n{DELTAS} deltas, 20 ms apart, the first after {FIRST_MS} ms. ragspace (retrieval in "
        "the built-in index, storage in SQLite, citations, resumable) / a bare relay on aiohttp; upstream, "
        "server and load generator share the cores.\n\n"
    )
    columns = ["readers", "added to the first token, p50", "p99", "gap, p99", "deltas/s", "of the relay's"]
    return head + table(columns, rows)


def _added_ms(figures: dict[str, float], at: str = "p50") -> float:
    return figures[f"first_{at}"] * 1000 - FIRST_MS


def _start_all(processes: ExitStack) -> None:
    home = processes.enter_context(tempfile.TemporaryDirectory())
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": home,
        "RAGSPACE_DATA_DIR": home,
        "LLM_BASE_URL": f"{UPSTREAM}/v1",
        "LLM_MODEL": MODEL,
        "RATE_LIMIT": "1000000/minute",
        "LOG_LEVEL": "WARNING",
    }
    python = [sys.executable, "-m"]
    processes.enter_context(_running([*python, "benchmarks.upstream", str(UPSTREAM_PORT)]))
    processes.enter_context(_running([*python, "benchmarks.relay", str(RELAY_PORT), UPSTREAM, MODEL]))
    command = [*python, "ragspace", "serve", "--port", str(SERVER_PORT)]
    processes.enter_context(_running(command, environment))
    _wait_for(f"{UPSTREAM}/v1/models")
    _wait_for(f"http://127.0.0.1:{SERVER_PORT}/api/health")


@contextmanager
def _running(command: list[str], environment: dict[str, str] | None = None) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(url: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"nothing answers at {url}")


def _load(readers: int, url: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.load", str(readers), url]
    shown = subprocess.run(command, check=True, capture_output=True, text=True)
    figures: dict[str, float] = json.loads(shown.stdout)
    return figures
