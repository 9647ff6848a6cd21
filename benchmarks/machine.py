"""What a measurement was made on."""

import os
import platform

from ragspace import __version__


def description() -> str:
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return (
        f"{os.cpu_count()} cores of {platform.machine()}, {gib} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, ragspace {__version__}"
    )
