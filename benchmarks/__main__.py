"""`python -m benchmarks [NAME …]`: run the named benchmarks, or all, and write benchmarks/RESULTS.md."""

import sys

from benchmarks import image, machine, start, streams
from benchmarks.frontend import measure as frontend
from benchmarks.report import write_report

BENCHMARKS = {
    "start": start.measure,
    "streams": streams.measure,
    "image": image.measure,
    "frontend": frontend.measure,
    "lighthouse": frontend.judge,
}


def main() -> None:
    names = sys.argv[1:] or list(BENCHMARKS)
    for name in names:
        section = BENCHMARKS[name]()
        print(section)
        write_report(name, section, machine.description())


main()
