"""What an interpreter of its own has loaded after a program."""

import subprocess
import sys

MAKE_APP = (
    "from ragspace import configuration\n"
    "from ragspace.app import create_app\n"
    "create_app(configuration.load({}))\n"
)
"""On the built-in parts."""

_TELL = "\nimport sys\nprint(*sys.modules, sep='\\n')\n"


def modules_after(program: str) -> set[str]:
    """The names of all modules that are loaded when `program` has run. Raises CalledProcessError where it
    fails."""
    command = [sys.executable, "-c", program + _TELL]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines())
