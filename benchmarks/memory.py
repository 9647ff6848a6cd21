"""What a stream that is open keeps in memory."""

import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks.pace import Pace
from benchmarks.processes import memory_mb
from benchmarks.report import table
from benchmarks.subjects import RAGSPACE, RELAY, Running, Subject, started, upstream

STREAMS = 400
WARM = 16
PACE = Pace(first_ms=100, gap_ms=125, deltas=40)
SAMPLE_S = 0.2


def per_stream_kb(subject: Subject, upstream: str) -> float:
    """Kilobytes of RSS that each of STREAMS open streams adds, at the most that was seen; NaN where some were
    lost. The server has answered a few questions before, so that what is loaded once is not counted."""
    with started(subject, upstream, PACE) as server:
        server.load(WARM, fresh=True)
        time.sleep(1)
        return _added_kb(server)


def _added_kb(server: Running) -> float:
    idle = highest = memory_mb(server.process)
    with ThreadPoolExecutor(1) as thread:
        readers = thread.submit(server.load, STREAMS, fresh=True)
        while not readers.done():
            highest = max(highest, memory_mb(server.process))
            time.sleep(SAMPLE_S)
        if readers.result().lost:
            return float("nan")
    return (highest - idle) * 1024 / STREAMS


def measure() -> str:
    """Memory per open stream, beside the relay's."""
    with upstream() as address:
        ours, relay = (per_stream_kb(subject, address) for subject in (RAGSPACE, RELAY))
    head = (
        f"## Memory of a stream\n\nRSS with {STREAMS} open streams less RSS with none, per stream; each asks "
        "a question of its own and gets five sources. Reference: the bare relay.\n\n"
    )
    rows = [["per open stream", f"{ours:.0f} kB", f"{relay:.0f} kB", "≤ 60 kB"]]
    return head + table(["", "ragspace", "relay", "aim"], rows)
