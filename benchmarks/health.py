"""How soon health answers while streams run."""

import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from benchmarks.pace import Pace
from benchmarks.report import table
from benchmarks.statistics import quantile
from benchmarks.subjects import RAGSPACE, RELAY, Running, started, upstream

READERS = 200
PACE = Pace(first_ms=300, gap_ms=20, deltas=200)
PAUSE_S = 0.02
QUIET_S = 3.0


def milliseconds_under_load(server: Running, readers: int = READERS) -> list[float]:
    """What health took, time after time, while `readers` were told answers; sorted."""
    taken: list[float] = []
    with ThreadPoolExecutor(1) as thread:
        streams = thread.submit(server.load, readers, fresh=True)
        while not streams.done():
            taken.append(_asked(server))
            time.sleep(PAUSE_S)
        streams.result()
    return sorted(taken)


def milliseconds_in_quiet(server: Running) -> list[float]:
    """The same without any readers."""
    taken: list[float] = []
    until = time.monotonic() + QUIET_S
    while time.monotonic() < until:
        taken.append(_asked(server))
        time.sleep(PAUSE_S)
    return sorted(taken)


def _asked(server: Running) -> float:
    began = time.perf_counter()
    with urllib.request.urlopen(server.health, timeout=60) as response:
        response.read()
    return (time.perf_counter() - began) * 1000


def measure() -> str:
    """Health's p50 and p99, quiet and under load, beside a route of the relay that does nothing."""
    rows = []
    with upstream() as address:
        for subject in (RAGSPACE, RELAY):
            with started(subject, address, PACE) as server:
                quiet, loaded = milliseconds_in_quiet(server), milliseconds_under_load(server)
            rows.append([subject.name, *_cells(quiet), *_cells(loaded), f"{len(loaded)}"])
    head = (
        f"## Health under load\n\n`/api/health`, over a new connection each time, with no reader and with "
        f"{READERS} readers of {PACE.deltas} deltas, who all begin at once. Reference: the bare relay, whose "
        "health does nothing.\n\n"
    )
    columns = ["", "quiet, p50", "p99", f"{READERS} readers, p50", "p99", "asked under load"]
    return head + table(columns, rows)


def _cells(taken: list[float]) -> list[str]:
    return [f"{quantile(taken, 0.5):.1f} ms", f"{quantile(taken, 0.99):.0f} ms"]
