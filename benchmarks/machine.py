"""What a measurement was made on."""

import os
import platform
import timeit

from ragspace import __version__

ADDITIONS = 1_000_000


def description() -> str:
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return (
        f"{os.cpu_count()} cores of {platform.machine()}, {gib} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, ragspace {__version__}; a million additions in a loop: "
        f"{_milliseconds_of_additions():.0f} ms"
    )


def _milliseconds_of_additions() -> float:
    """How fast the interpreter was just now: the same machine, shared, is twice as fast at one time as at
    another."""
    return min(timeit.repeat("total += 1", "total = 0", number=ADDITIONS, repeat=5)) * 1000
