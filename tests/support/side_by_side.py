"""Which tests may run side by side, where pytest is given several processes (`make test` gives it two).

A process has servers of its own, which it starts for the first test that wants them. What shares the costly
ones (images, a browser, a built site, a world of services) stays together in one process; of the rest a file
does.
"""

from pathlib import PurePosixPath
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("image", "frontend", "browser", "faults", "attack", "contract", "integration/replicas")
"""Folders below tests/ in the order of their start: what takes longest comes first, so that no process is
left alone with it at the end."""


class Scheduling(LoadScopeScheduling):
    """Hands out what belongs together as one piece."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        below = PurePosixPath(file).parts[1:]
        for folder in TOGETHER:
            if below[: folder.count("/") + 1] == PurePosixPath(folder).parts:
                return folder
        return file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    config.option.loadscopereorder = False
    return Scheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    for turn, folder in enumerate(TOGETHER):
        if item.nodeid.startswith(f"tests/{folder}/"):
            return turn
    return len(TOGETHER) + item.nodeid.startswith("tests/unit/")
