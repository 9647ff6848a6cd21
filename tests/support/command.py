"""`ragspace` as somebody types it, with nothing of the test's own environment but PATH."""

import os
import subprocess
import sys
from pathlib import Path


def ragspace(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command in `directory`, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "ragspace", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(directory), "COLUMNS": "200", **environment},
        cwd=directory,
        capture_output=True,
        text=True,
    )
