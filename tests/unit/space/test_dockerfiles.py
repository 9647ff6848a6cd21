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


def test_the_image_for_other_hosts_has_what_several_replicas_and_traces_need() -> None:
    def pinned(file: str) -> set[str]:
        lines = (REPOSITORY / file).read_text().splitlines()
        return {line.removesuffix(" \\") for line in lines if "==" in line and not line.startswith(" ")}

    ours, of_a_space = pinned("backend/requirements.txt"), pinned("huggingface-spaces/requirements.txt")
    assert of_a_space < ours
    added = {pin.partition("==")[0] for pin in ours - of_a_space}
    assert added >= {"redis", "opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"}
    dockerfile = DOCKERFILES[1].read_text()
    left_out_of_bundles = {"ragspace/replicas", "ragspace/tracing"}
    assert {name for name in left_out_of_bundles if name in dockerfile} == left_out_of_bundles
    assert all((REPOSITORY / "backend" / name).is_dir() for name in left_out_of_bundles)
