"""`python -m benchmarks [NAME …]`: run the named benchmarks, or all, and write benchmarks/RESULTS.md.

All are those that need nothing installed; `lighthouse`, `peers` and `plots` install what they need, and run when they are
named or with `everything`.
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

INSTALL_NOTHING = {
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
BENCHMARKS = INSTALL_NOTHING | ON_DEMAND | NEEDS_CONTAINERS


def main() -> None:
    names = sys.argv[1:] or list(INSTALL_NOTHING | NEEDS_CONTAINERS)
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
