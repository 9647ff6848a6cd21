"""Which tests may run side by side, where pytest is given several processes (`make test` gives it two).

A process has servers of its own, which it starts for the first test that wants them. What mostly waits, for
packages, builds and podman, runs beside the unit tests. Tests of whole services lean on time limits that a
machine with two cores does not keep beside a build: they come last, in two rows, since they mostly wait too.
"""

from pathlib import PurePosixPath
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

WAITING = ("image", "frontend")
"""Folders below tests/ that start at once; each stays together, since its tests share what was built."""
SIDE_BY_SIDE = "unit"
"""The folder whose files run beside them, in any process."""
LAST = ("integration", "contract", "browser", "attack", "faults")
"""The folders that come last: the first in one process, the others in another, which takes as long, with
those of the narrowest limits at the end."""


class Scheduling(LoadScopeScheduling):
    """Hands out what belongs together as one piece."""

    def _split_scope(self, nodeid: str) -> str:
        folder = _folder(nodeid)
        if folder in (*WAITING, LAST[0]):
            return folder
        return nodeid.partition("::")[0] if folder == SIDE_BY_SIDE else "the others"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    config.option.loadscopereorder = False
    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        turns = (*WAITING, SIDE_BY_SIDE, *LAST)
        items.sort(key=lambda item: turns.index(_folder(item.nodeid)))


def _folder(nodeid: str) -> str:
    return PurePosixPath(nodeid.partition("::")[0]).parts[1]
