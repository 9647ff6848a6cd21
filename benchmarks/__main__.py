"""`python -m benchmarks [NAME …]`: run the named benchmarks, or all, and write benchmarks/RESULTS.md.

All are those that install nothing; `peers` and `plots` install what they need, and run when they are named
or with `everything`.
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
from benchmarks.frontend.measure import measure as measure_frontend
from benchmarks.report import write_report

BENCHMARKS = {
    "start": start.measure,
    "streams": streams.measure,
    "memory": memory.measure,
    "health": health.measure,
    "retrieval": retrieval.measure,
    "ingest": ingest.measure,
    "image": image.measure,
    "frontend": measure_frontend,
}
ON_DEMAND = {"peers": comparison.measure, "plots": plots.measure}


def main() -> None:
    known = BENCHMARKS | ON_DEMAND
    names = sys.argv[1:] or list(BENCHMARKS)
    if names == ["everything"]:
        names = list(known)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"no benchmark is named {', '.join(unknown)}; there are {', '.join(known)}")
    for name in names:
        section = known[name]()
        print(section, flush=True)
        write_report(name, section, machine.description())


main()
