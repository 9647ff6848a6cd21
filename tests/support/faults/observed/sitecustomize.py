"""In a server process that is started with this directory on its PYTHONPATH, SIGUSR1 has the names of the
event loop's tasks written into the file that RAGSPACE_TASKS_FILE names."""

import asyncio
import os
import signal
from pathlib import Path
from types import FrameType

TASKS_FILE = "RAGSPACE_TASKS_FILE"


def _write_tasks(_signal: int, _frame: FrameType | None) -> None:
    loop = asyncio._get_running_loop()
    if loop is None:
        return
    names = sorted(str(getattr(task.get_coro(), "__qualname__", "")) for task in asyncio.all_tasks(loop))
    file = Path(os.environ[TASKS_FILE])
    written = file.with_suffix(".written")
    written.write_text("\n".join(names))
    written.rename(file)


if TASKS_FILE in os.environ:
    signal.signal(signal.SIGUSR1, _write_tasks)
