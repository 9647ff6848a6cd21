"""The base image of our Dockerfiles: a stand-in of the same name, for where no registry can be reached.

It is Debian with this Python of ours at the place where the official image has its own. It cannot prove the
official image's patch level; all that our Dockerfiles do is done in it for real.
"""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "docker.io/library/python:3.11-slim"

_PACKAGES = (
    "ca-certificates,libbz2-1.0,libexpat1,libffi8,liblzma5,libncursesw6,libreadline8,libsqlite3-0,libssl3,"
    "libuuid1,netbase,passwd,tzdata,zlib1g"
)
_LEFT_OUT = {"__pycache__", "site-packages", "test", "idlelib", "tkinter", "turtledemo", "lib2to3"}
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_PIP = """#!/usr/local/bin/python
import sys
from pip._internal.cli.main import main
sys.exit(main())
"""
_PIP_SETTINGS = ("index-url", "proxy", "cert", "timeout")
"""Of this machine's pip, as far as it has them: where packages come from is its owner's business."""

ENVIRONMENT = ("PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8")


def python_home() -> Path | None:
    """A Python 3.11 that can be copied; Debian's own is spread over the system."""
    home = Path(sys.base_prefix)
    right = sys.version_info[:2] == (3, 11) and (home / "bin" / "python3.11").is_file()
    return home if right and home != Path("/usr") else None


def make_stand_in(target: Path) -> None:
    """Write the stand-in's file system to the archive `target`. Takes 30 s, and root."""
    home = python_home()
    if home is None:
        raise RuntimeError("there is no Python 3.11 to put into the image")
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_suffix(".unfinished.tar")
    with _python_archive(home, target.parent) as python:
        hooks = [f"tar-in {python} /", 'chroot "$1" ldconfig']
        if _CERTIFICATES.is_file():
            hooks.append(f"upload {_CERTIFICATES} {_CERTIFICATES}")
        subprocess.run(
            [
                "mmdebstrap",
                "--quiet",
                "--variant=apt",
                f"--include={_PACKAGES}",
                *(f"--customize-hook={hook}" for hook in hooks),
                "bookworm",
                unfinished,
            ],
            check=True,
            stdin=subprocess.DEVNULL,
            timeout=600,
        )
    unfinished.rename(target)


@contextmanager
def _python_archive(home: Path, directory: Path) -> Iterator[Path]:
    file = directory / "python.tar"
    try:
        with tarfile.open(file, "w") as archive:
            for part in ("bin", "lib"):
                archive.add(home / part, f"usr/local/{part}", filter=_kept)
            for name in ("python", "python3"):
                _link(archive, f"usr/local/bin/{name}", "python3.11")
            _add_pip(archive, home)
        yield file
    finally:
        file.unlink(missing_ok=True)


def _kept(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    parts = member.name.split("/")
    if _LEFT_OUT & set(parts) or parts[-1].startswith("config-3.") or member.name.endswith(".a"):
        return None
    if parts[2] == "bin" and len(parts) > 3 and parts[3] != "python3.11":
        return None
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def _add_pip(archive: tarfile.TarFile, home: Path) -> None:
    packages = "usr/local/lib/python3.11/site-packages"
    wheel = next((home / "lib/python3.11/ensurepip/_bundled").glob("pip-*.whl"))
    with zipfile.ZipFile(wheel) as files:
        for name in files.namelist():
            _write(archive, f"{packages}/{name}", files.read(name))
    for name in ("pip", "pip3"):
        _write(archive, f"usr/local/bin/{name}", _PIP.encode(), 0o755)
    _write(archive, "etc/pip.conf", _pip_configuration().encode())


def _pip_configuration() -> str:
    lines = ["[global]"]
    for setting in _PIP_SETTINGS:
        asked = [sys.executable, "-m", "pip", "config", "get", f"global.{setting}"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
        told = subprocess.run(asked, capture_output=True, text=True, env=environment)
        value = os.environ.get(f"PIP_{setting.upper().replace('-', '_')}") or told.stdout.strip()
        if value:
            lines.append(f"{setting} = {value}")
    return "\n".join(lines) + "\n"


def _write(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    archive.addfile(member, io.BytesIO(content))


def _link(archive: tarfile.TarFile, name: str, to: str) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, to
    archive.addfile(member)


def can_be_made() -> bool:
    return os.geteuid() == 0 and shutil.which("mmdebstrap") is not None and python_home() is not None
