"""Tests that are left out are told by name, and fail the run where everything must run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.skips import requires

ROOT = Path(__file__).parents[3]
LEAVES_OUT = """
import pytest
from tests.support.skips import NEEDS, Need, require, requires

NEEDS["telescope"] = Need(lambda: False, "buy one", optional={optional})

@requires("telescope")
def test_by_mark():
    raise AssertionError

@pytest.fixture(scope="session")
def sky():
    require("telescope")

@pytest.mark.parametrize("star", [1, 2])
def test_by_fixture(sky, star):
    raise AssertionError

def test_on_the_ground():
    pass
"""


def run(directory: Path, *, optional: bool = False, **environment: str) -> subprocess.CompletedProcess[str]:
    file = directory / "test_stars.py"
    file.write_text(LEAVES_OUT.format(optional=optional))
    inherited = {name: value for name, value in os.environ.items() if name not in ("CI", "PYTEST_ADDOPTS")}
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-c",
            os.devnull,
            "-p",
            "tests.support.skips",
            "-p",
            "no:asyncio",
            file,
        ],
        cwd=directory,
        env=inherited | {"PYTHONPATH": str(ROOT)} | environment,
        capture_output=True,
        text=True,
    )


def test_a_group_left_out_is_told_with_its_name_number_and_reason(tmp_path):
    result = run(tmp_path)
    assert "telescope: 3 tests: buy one" in result.stdout
    assert "1 passed, 3 skipped" in result.stdout
    assert result.returncode == 0


@pytest.mark.parametrize(
    ("optional", "environment", "exit_code"),
    [
        (False, {"CI": "true"}, 1),
        (False, {"CI": "true", "RAGSPACE_ALLOW_SKIPS": "1"}, 0),
        (True, {"CI": "true"}, 0),
    ],
)
def test_in_ci_a_group_left_out_fails_the_run_unless_that_is_allowed(
    tmp_path, optional, environment, exit_code
):
    result = run(tmp_path, optional=optional, **environment)
    assert result.returncode == exit_code
    assert ("CI must run them: telescope" in result.stdout) == (exit_code == 1)


def test_a_need_that_is_misspelled_is_refused():
    with pytest.raises(KeyError, match="telescoop"):
        requires("telescoop")
