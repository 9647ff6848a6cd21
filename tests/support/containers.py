"""Images built and containers run with podman, in a store of the tests' own below build/.

image = build(context, "space")
with Container(image, network="none", environment={...}) as container:
    container.wait_until_live()
"""

import json
import os
import subprocess
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support import base_image, programs

REPOSITORY = Path(__file__).parents[2]
STORE = REPOSITORY / "build" / "containers"

_CONFIGURATION = """
[containers]
default_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
"""crun knows no hybrid hierarchy of control groups; without limits of its own a container asks for more than
a confined root may give; there need be no systemd."""

_PULL_S = 120.0
_BUILD_S = 600.0
_CALL_S = 60.0
_PATIENCE_S = 60.0


class PodmanFailed(AssertionError):
    """The message holds the end of what it wrote."""


def podman(*arguments: str | Path, timeout: float = _CALL_S) -> str:
    """What it wrote to standard output. Raises PodmanFailed where it did not end with 0."""
    done = run(*arguments, timeout=timeout)
    if done.returncode != 0:
        told = f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        raise PodmanFailed(f"podman {arguments[0]} ended with {done.returncode}:\n{told}")
    return done.stdout


def run(*arguments: str | Path, timeout: float = _CALL_S) -> "subprocess.CompletedProcess[str]":
    program = programs.podman()
    if program is None:
        raise RuntimeError("podman is not installed")
    configuration = STORE / "containers.conf"
    if not configuration.is_file():
        STORE.mkdir(parents=True, exist_ok=True)
        configuration.write_text(_CONFIGURATION)
    return subprocess.run(
        [program, "--root", STORE / "storage", "--runroot", _run_root(), *arguments],
        env=os.environ | {"CONTAINERS_CONF": str(configuration)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def _run_root() -> Path:
    """One for each store, and short: the path of a socket in it has 108 characters at most."""
    return Path("/run", f"ragspace-{zlib.crc32(str(STORE).encode()):08x}")


@cache
def base() -> None:
    """Have the base image of our Dockerfiles in the store."""
    if run("image", "exists", base_image.NAME).returncode == 0:
        return
    archive = STORE / "base.tar"
    if not archive.is_file():
        try:
            podman("pull", "--quiet", base_image.NAME, timeout=_PULL_S)
        except (PodmanFailed, subprocess.TimeoutExpired):
            base_image.make_stand_in(archive)
        else:
            return
    changes = [part for each in base_image.ENVIRONMENT for part in ("--change", f"ENV {each}")]
    podman("import", "--quiet", *changes, archive, base_image.NAME, timeout=_BUILD_S)


@dataclass(frozen=True, slots=True)
class Image:
    """A built image, and how long the build took, in seconds."""

    name: str
    seconds: float

    def inspect(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(podman("image", "inspect", self.name))[0]
        return told

    @property
    def unpacked_over_the_base(self) -> int:
        """Bytes of all files that are not the base's."""
        added = _files(self.name) - _files(base_image.NAME)
        return sum(int(line.split(maxsplit=1)[0]) for line in added)


def _files(name: str) -> set[str]:
    """Size and path of every file of an image."""
    mounted = ("--network=none", "--user=0", "--entrypoint=find", "--health-cmd=none")
    find = ("/", "-xdev", "-type", "f", "-printf", "%s %p\\n")
    return set(podman("run", "--rm", *mounted, name, *find).splitlines())


def build(context: Path, name: str, *, dockerfile: Path | None = None, cache: bool = True) -> Image:
    """Build the image of `context`. It may fetch packages; the image that runs may not."""
    base()
    options = ["--pull=never", "--network=host", "--format=docker", "--layers"]
    if dockerfile is not None:
        options += ["--file", str(dockerfile)]
    if not cache:
        options.append("--no-cache")
    tag = f"localhost/ragspace-{name}:test"
    before = run("image", "inspect", "--format={{.Id}}", tag).stdout.strip()
    started = time.monotonic()
    podman("build", *options, "--tag", tag, context, timeout=_BUILD_S)
    image = Image(tag, time.monotonic() - started)
    if before and before != image.inspect()["Id"]:
        run("rmi", before)
    return image


class Container:
    """A container with nothing but what a Space gives, and less: 512 MB, a read-only root, no capability."""

    def __init__(
        self,
        image: Image,
        *,
        network: str = "none",
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
    ) -> None:
        self.image = image
        self.id = ""
        self._network = network
        self._environment = environment or {}
        self._command = command

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        run("rm", "--force", "--time=0", self.id)

    def start(self) -> None:
        given = [part for name, value in self._environment.items() for part in ("--env", f"{name}={value}")]
        self.id = podman(
            "run",
            "--detach",
            f"--network={self._network}",
            "--read-only",
            "--read-only-tmpfs=false",
            "--tmpfs=/tmp",
            "--memory=512m",
            "--cap-drop=all",
            "--security-opt=no-new-privileges",
            "--health-interval=disable",
            *given,
            self.image.name,
            *self._command,
        ).strip()

    @property
    def logs(self) -> str:
        done = run("logs", self.id)
        return done.stdout + done.stderr

    def inspect(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(podman("container", "inspect", self.id))[0]
        return told

    def execute(self, *command: str, timeout: float = _CALL_S) -> str:
        """What `command` writes in the container."""
        return podman("exec", self.id, *command, timeout=timeout)

    def python(self, code: str, *arguments: str, timeout: float = _CALL_S) -> str:
        return self.execute("python", "-Ic", code, *arguments, timeout=timeout)

    def healthcheck(self) -> bool:
        """Whether the image's own HEALTHCHECK passes."""
        return run("healthcheck", "run", self.id).returncode == 0

    def wait_until_passing(self) -> None:
        """Wait for the HEALTHCHECK. Raises PodmanFailed with the log, at once if the container ended."""
        deadline = time.monotonic() + _PATIENCE_S
        while not self.healthcheck():
            if not self.inspect()["State"]["Running"] or time.monotonic() > deadline:
                raise PodmanFailed(f"the container does not serve:\n{self.logs[-6000:]}")
            time.sleep(0.1)

    def user_ids(self) -> dict[str, set[int]]:
        """The real, effective and saved user ids of every process, as the host sees them, by command line."""
        found: dict[str, set[int]] = {}
        for line in podman("top", self.id, "hpid", "args").splitlines()[1:]:
            process, command = line.split(maxsplit=1)
            status = Path("/proc", process, "status").read_text()
            ids = next(each for each in status.splitlines() if each.startswith("Uid:"))
            found[command] = set(map(int, ids.split()[1:]))
        return found

    def wait(self) -> int:
        """The exit code of a container that ends by itself."""
        return int(podman("wait", self.id, timeout=_PATIENCE_S))

    def stop(self, seconds: int) -> tuple[int, float]:
        """Ask it to end, as a platform does: its exit code, and how long it took. One that is not gone after
        `seconds` is killed, which gives 137."""
        started = time.monotonic()
        podman("stop", f"--time={seconds}", self.id, timeout=seconds + _CALL_S)
        return int(self.inspect()["State"]["ExitCode"]), time.monotonic() - started
