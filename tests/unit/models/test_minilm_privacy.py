"""The built-in embedder reports to nobody: its run time would, and keeps a queue on disk for it."""

import os
import subprocess
import sys
from pathlib import Path

EMBED = """
import asyncio
from ragspace.models.minilm import MiniLMEmbedder
asyncio.run(MiniLMEmbedder().embed(["hello"], purpose="question", dimensions=384))
"""


def test_nothing_is_queued_for_the_makers_of_the_run_time(tmp_path: Path) -> None:
    # An environment of its own: what tells the run time of a test or of CI would silence it as well.
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", EMBED], env=environment, check=True, cwd=tmp_path)
    assert list(tmp_path.rglob("*")) == []
