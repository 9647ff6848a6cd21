"""Pictures of what was measured, drawn in an environment of their own: matplotlib is nothing else's need."""

import subprocess

from benchmarks.environments import python_with
from benchmarks.report import DATA, DIRECTORY

PLOTTING = DIRECTORY / "plotting"
TITLES = {"streams": "ragspace and the relay", "peers": "ragspace, its peers and the relay"}


def measure() -> str:
    """A section with the plots of all that has been measured so far."""
    python = python_with(PLOTTING / "requirements.txt")
    command = [python, PLOTTING / "draw.py", DATA, PLOTTING]
    drawn = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    pictures = [f"![{TITLES[name]}]({PLOTTING.name}/{name}.png)" for name in drawn]
    return "\n\n".join(["## Plots", *pictures])
