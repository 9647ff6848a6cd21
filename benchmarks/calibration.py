"""Whether the load generator or the upstream is a bottleneck: each alone, in the run that it vouches for."""

from benchmarks.load import Plan
from benchmarks.pace import Pace
from benchmarks.processes import load, running, wait_for
from benchmarks.subjects import PYTHON
from tests.support.servers import LOOPBACK, free_port

READERS = 400
DELTAS = 500


def capacity(upstream: str, pace: Pace) -> str:
    """Sentences that tell how much the load generator can read, and how well the upstream keeps `pace`."""
    port = free_port()
    with running([*PYTHON, "benchmarks.instant", str(port)]) as process:
        address = f"http://{LOOPBACK}:{port}/"
        wait_for(address, process)
        most = load(Plan(address, READERS, Pace(0, 0, DELTAS).model))
    kept = READERS * pace.deltas / pace.seconds
    paced = load(Plan(f"{upstream}/v1/chat/completions", READERS, pace.model))
    return (
        f"The load generator is not the bottleneck: alone, {READERS} readers of a server that writes what "
        f"is ready, it reads {most.deltas_per_s:,.0f} deltas in {most.events_per_s:,.0f} arrivals a second. "
        f"Nor is the upstream: read without anything between, {READERS} readers get "
        f"{paced.deltas_per_s:,.0f} deltas a second, of {kept:,.0f} at its pace."
    )
