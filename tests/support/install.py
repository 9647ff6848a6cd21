"""Installs what some tests need besides Python, as far as this machine allows: `make test` runs it first.

It never fails: a group of tests whose needs are not met is skipped by name (see skips.py).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from tests.support import npm, programs
from tests.support.docusaurus import packages

DEBIAN_PACKAGES = {
    "pgbouncer": programs.pgbouncer,
    "redis-server": programs.redis,
    "chromium": programs.chromium,
    "podman": programs.podman,
    "runc": programs.runc,
    "mmdebstrap": programs.mmdebstrap,
}
_TIME_LIMIT_S = 600


def install_debian_packages() -> None:
    missing = [package for package, found in DEBIAN_PACKAGES.items() if found() is None]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        _say(f"{', '.join(missing)}: left out, since only root can install them, with apt-get")
        return
    _say(f"installing {', '.join(missing)}")
    _run(["apt-get", "update", "-qq"])
    for package in missing:
        _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", package])


def install_npm_packages() -> None:
    lock = programs.NODE_PROJECT / "package-lock.json"
    installed = programs.NODE_PROJECT / "node_modules" / ".locked.json"
    if installed.is_file() and installed.read_bytes() == lock.read_bytes():
        return
    _say("installing the npm packages of package-lock.json")
    try:
        npm.ci(programs.NODE_PROJECT, timeout=_TIME_LIMIT_S)
        shutil.copy(lock, installed)
    except (OSError, npm.NodeFailed) as error:
        _say(f"they could not be installed ({type(error).__name__}): their tests will be skipped")


def install_docusaurus() -> None:
    if packages.are_installed():
        return
    _say("installing Docusaurus, some thousand npm packages")
    try:
        packages.install()
    except (OSError, npm.NodeFailed) as error:
        _say(f"Docusaurus could not be installed ({type(error).__name__}): its tests will be skipped")


def _run(command: Sequence[str]) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=_TIME_LIMIT_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        _say(f"{command[0]} failed ({type(error).__name__}): its tests will be skipped")


def _say(text: str) -> None:
    sys.stderr.write(f"tests: {text}\n")


if __name__ == "__main__":
    install_debian_packages()
    install_npm_packages()
    install_docusaurus()
