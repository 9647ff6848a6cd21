"""What becomes of a Space after a commit or a restart: the lives that a test can give it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

BUILD_LOG = (
    "===== Build Queued =====",
    "--> FROM docker.io/library/python:3.11-slim",
    "--> RUN pip install --require-hashes -r requirements.txt",
    "--> COPY --chown=user . /app",
    "--> Pushing image",
)

UNMOVED = "unmoved"
"""In place of a stage: the Hub goes on telling the old one for ever."""


@dataclass(frozen=True, slots=True)
class Life:
    """Seconds and log lines of each phase. Without `ends_in` the uploaded bundle is really run; with it the
    Space ends, or is stuck, in that stage with that error. `environment` is put over the container's own;
    None takes a variable away."""

    stale_s: float = 0.3
    build_s: float = 0.5
    start_s: float = 0.3
    build_log: tuple[str, ...] = BUILD_LOG
    run_log: tuple[str, ...] = ()
    ends_in: str | None = None
    error: str | None = None
    environment: Mapping[str, str | None] = field(default_factory=dict)


RUNS = Life()
BUILD_FAILS = Life(
    build_log=(
        *BUILD_LOG[:3],
        "ERROR: Could not find a version that satisfies the requirement left-pad==9 (from versions: none)",
        "ERROR: No matching distribution found for left-pad==9",
        '--> ERROR: process "/bin/sh -c pip install" did not complete successfully: exit code: 1',
    ),
    ends_in="BUILD_ERROR",
    error="Build failed with exit code: 1",
)
BUILD_OUT_OF_MEMORY = Life(
    build_log=(*BUILD_LOG, "Killed"), ends_in="BUILD_ERROR", error="Job failed with exit code: 137"
)
OUT_OF_MEMORY = Life(ends_in="RUNTIME_ERROR", error="Exit code: 137. Reason: Memory limit exceeded (16Gi)")
NOT_PERMITTED = Life(
    run_log=("Traceback (most recent call last):", "PermissionError: [Errno 13] Permission denied: '/data'"),
    ends_in="RUNTIME_ERROR",
    error="Exit code: 1. Reason: application does not seem to be initialized",
)
CRASHES = Life(
    run_log=(
        "Traceback (most recent call last):",
        "ImportError: libgomp.so.1: cannot open shared object file",
    ),
    ends_in="RUNTIME_ERROR",
    error="Exit code: 1. Reason: application does not seem to be initialized",
)
NO_CAPACITY = Life(ends_in="RUNTIME_ERROR", error="Scheduling failure: not enough hardware capacity")
LAUNCH_TIMES_OUT = Life(
    ends_in="RUNTIME_ERROR", error="Launch timed out, workload was not healthy after 30 min"
)
REFUSED = Life(ends_in="CONFIG_ERROR", error="Collision on variables and secrets names")
PAUSED = Life(ends_in="PAUSED")
STUCK_BUILDING = Life(ends_in="BUILDING")
STUCK_STARTING = Life(ends_in="APP_STARTING")
STALE = Life(ends_in=UNMOVED)
WRONG_PORT = Life(environment={"PORT": "8000"})


def without(*secrets: str) -> Life:
    """The bundle really runs, and lacks these."""
    return Life(environment=dict.fromkeys(secrets))
