"""The Dockerfiles, as the linter and the builders of the platforms read them."""

import subprocess
from pathlib import Path

import pytest

from tests.support import programs
from tests.support.skips import requires

REPOSITORY = Path(__file__).parents[3]
DOCKERFILES = [REPOSITORY / "huggingface-spaces" / "Dockerfile", REPOSITORY / "backend" / "Dockerfile"]


@requires("hadolint")
def test_hadolint_finds_nothing() -> None:
    linter = programs.hadolint()
    assert linter is not None
    shown = subprocess.run([linter, *DOCKERFILES], capture_output=True, text=True)
    assert (shown.returncode, shown.stdout) == (0, "")


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_nothing_is_used_that_older_builders_lack(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    assert "# syntax=" not in text
    for newer in ("<<", "--link", "--exclude", "--start-interval"):
        assert newer not in text
    bases = [line.split()[1] for line in text.splitlines() if line.startswith("FROM ")]
    assert set(bases) == {"python:3.11-slim"}


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_the_command_gets_the_signals_itself(dockerfile: Path) -> None:
    command = dockerfile.read_text().splitlines()[-1]
    assert command == 'CMD ["python", "-m", "ragspace", "serve"]'
