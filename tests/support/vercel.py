"""A built page on a static host of its own, with the headers of vercel.json, as Vercel would serve it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import npm
from tests.support.programs import NODE_PROJECT

CONFIGURATION = Path(__file__).parents[2] / "frontend" / "vercel.json"
_STOP_S = 10.0


@contextmanager
def vercel(directory: Path, port: int, configuration: Path = CONFIGURATION) -> Iterator[str]:
    """Its address. Raises NodeFailed where the configuration is not one that Vercel takes."""
    command = npm.node_command(NODE_PROJECT / "vercel.mjs", str(directory), str(configuration), str(port))
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("both are pipes")
        try:
            told = process.stdout.readline().strip()
            if not told.startswith("http://"):
                raise npm.NodeFailed(told)
            yield told
        finally:
            process.stdin.close()
            process.wait(_STOP_S)
