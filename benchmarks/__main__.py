"""`python -m benchmarks [NAME …]`: run the named benchmarks, or all, and write benchmarks/RESULTS.md."""

import sys

from benchmarks import image, ingest, machine, start, streams
from benchmarks.report import write_report

BENCHMARKS = {
    "start": start.measure,
    "streams": streams.measure,
    "ingest": ingest.measure,
    "image": image.measure,
}


def main() -> None:
    names = sys.argv[1:] or list(BENCHMARKS)
    for name in names:
        section = BENCHMARKS[name]()
        print(section)
        write_report(name, section, machine.description())


main()
