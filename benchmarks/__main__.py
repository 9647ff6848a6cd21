"""`python -m benchmarks [NAME …]`: run the named benchmarks, or all, and write benchmarks/RESULTS.md.

All but those that install much: `lighthouse`, `peers` and `plots` run when they are named, or with
`everything`.
"""

import sys

from benchmarks import (
    comparison,
    health,
    image,
    ingest,
    machine,
    memory,
    plots,
    retrieval,
    start,
    streams,
)
from benchmarks.frontend import measure as frontend
from benchmarks.report import write_report

USUAL = {
    "start": start.measure,
    "streams": streams.measure,
    "memory": memory.measure,
    "health": health.measure,
    "retrieval": retrieval.measure,
    "ingest": ingest.measure,
    "frontend": frontend.measure,
}
ON_DEMAND = {"lighthouse": frontend.judge, "peers": comparison.measure, "plots": plots.measure}
NEEDS_CONTAINERS = {"image": image.measure}
BENCHMARKS = USUAL | ON_DEMAND | NEEDS_CONTAINERS


def main() -> None:
    names = sys.argv[1:] or list(USUAL | NEEDS_CONTAINERS)
    if names == ["everything"]:
        names = list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise SystemExit(f"no benchmark is named {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    for name in names:
        section = BENCHMARKS[name]()
        print(section, flush=True)
        write_report(name, section, machine.description())


main()
