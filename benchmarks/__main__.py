"""`python -m benchmarks [NAME …]`: run the named benchmarks, or all, and write benchmarks/RESULTS.md.

`python -m benchmarks refusals` fits, rather than measures, and is never part of all.
"""

import sys

from benchmarks import image, machine, refusals, start, streams
from benchmarks.report import write_report

BENCHMARKS = {"start": start.measure, "streams": streams.measure, "image": image.measure}


def main() -> None:
    if sys.argv[1:] == ["refusals"]:
        print(refusals.measure())
        return
    names = sys.argv[1:] or list(BENCHMARKS)
    for name in names:
        section = BENCHMARKS[name]()
        print(section)
        write_report(name, section, machine.description())


main()
