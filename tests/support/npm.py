"""Node and npm, as they came with the development requirements."""

import os
import subprocess
from pathlib import Path

from tests.support import programs

_WITH_NODE = Path(__file__).parents[2] / "scripts" / "with-node"
_PACK_S = 60.0
_SHOWN = 8000
"""Characters from the end of the output that a failure shows."""


class NodeFailed(AssertionError):
    """The message holds the end of what it wrote."""


def node_command(script: Path, *arguments: str) -> list[str]:
    node = programs.node()
    if node is None:
        raise NodeFailed("there is no Node here")
    return [str(node), str(script), *arguments]


def environment() -> dict[str, str]:
    """This process's own, with neither terminals nor news of updates."""
    return os.environ | {
        "CI": "true",
        "NO_COLOR": "1",
        "NO_UPDATE_NOTIFIER": "1",
        "NPM_CONFIG_UPDATE_NOTIFIER": "false",
    }


def run_node(
    script: Path, *arguments: str, cwd: Path, timeout: float, variables: dict[str, str] | None = None
) -> str:
    """What it wrote. Raises NodeFailed where it did not end with 0 in time."""
    return _output(node_command(script, *arguments), cwd, timeout, variables or {})


def _output(command: list[str], cwd: Path, timeout: float, variables: dict[str, str]) -> str:
    told = " ".join(command)
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment() | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        raise NodeFailed(f"{told}: not done after {timeout:.0f} s") from None
    if done.returncode != 0:
        raise NodeFailed(f"{told}: {done.returncode}\n{done.stdout[-_SHOWN:]}")
    return done.stdout


def ci(directory: Path, *, timeout: float) -> None:
    """Install exactly what the lock file in `directory` names, running no script of a package."""
    arguments = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    run_node(_npm(), *arguments, cwd=directory, timeout=timeout)


def pack(project: Path, target: Path) -> Path:
    """The archive that npm would publish."""
    arguments = ("pack", "--ignore-scripts", "--loglevel=error", f"--pack-destination={target}")
    name = run_node(_npm(), *arguments, cwd=project, timeout=_PACK_S).strip().splitlines()[-1]
    return target / name


def run_script(
    project: Path, *arguments: str, timeout: float, variables: dict[str, str] | None = None
) -> str:
    """`npm run` in `project`, with the Node that built the front end; what it wrote."""
    command = [str(_WITH_NODE), "npm", "run", "--silent", *arguments]
    return _output(command, project, timeout, variables or {})


def _npm() -> Path:
    npm = programs.npm()
    if npm is None:
        raise NodeFailed("there is no npm here")
    return npm
