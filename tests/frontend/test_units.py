"""The front end's own tests, which Vitest runs."""

import re
from pathlib import Path

import pytest

from tests.support import npm
from tests.support.skips import requires

pytestmark = [requires("frontend"), pytest.mark.timeout(300)]

FRONTEND = Path(__file__).parents[2] / "frontend"


def test_every_test_of_the_front_end_passes() -> None:
    told = npm.run_script(FRONTEND, "test", timeout=240)
    passed = re.search(r"Tests\s+(\d+) passed \((\d+)\)", told)
    assert passed is not None, told
    assert passed[1] == passed[2], f"some were skipped:\n{told[-3000:]}"
