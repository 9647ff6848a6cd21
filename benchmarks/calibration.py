"""Whether the load generator is a bottleneck: alone against a server that does nothing but write."""

from benchmarks.load import Plan
from benchmarks.pace import Pace
from benchmarks.processes import load, running, wait_for
from benchmarks.subjects import PYTHON
from tests.support.servers import LOOPBACK, free_port

READERS = 400
DELTAS = 500


def capacity() -> str:
    """A sentence that tells how much the load generator can read."""
    port = free_port()
    with running([*PYTHON, "benchmarks.instant", str(port)]) as process:
        address = f"http://{LOOPBACK}:{port}/"
        wait_for(address, process)
        seen = load(Plan(address, READERS, Pace(0, 0, DELTAS).model))
    return (
        f"The load generator is not the bottleneck: alone, {READERS} readers of a server that writes what "
        f"is ready, it reads {seen.deltas_per_s:,.0f} deltas in {seen.events_per_s:,.0f} arrivals a second."
    )
