"""What the process behind a Space's address says about itself."""

import ssl
import time
from dataclasses import dataclass
from functools import cache

CALL_SECONDS = 10.0
_CLOCK_SLACK = 1.0
"""Seconds by which an uptime and our own clock may differ."""


@dataclass(frozen=True, slots=True)
class Serving:
    """Which build answers, in what state, for how many seconds already."""

    build_id: str | None
    status: str
    uptime: float


def ask(url: str, token: str | None = None) -> Serving | None:
    """The health report of the ragspace at `url`, or None. `token` opens a private Space."""
    import httpx2

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        report = httpx2.get(
            f"{url}/api/health", headers=headers, timeout=CALL_SECONDS, verify=_trusted()
        ).json()
        return Serving(report["build_id"], str(report["status"]), float(report["uptime_s"]))
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError):
        return None


@cache
def _trusted() -> ssl.SSLContext:
    """Read once: who waits for a Space asks again and again."""
    import httpx2

    return httpx2.create_ssl_context()


def is_new(serving: Serving | None, build_id: str, restarted: float | None) -> bool:
    """Whether it is the awaited process: of this build and, after a restart at `restarted` (of
    time.monotonic), begun since then."""
    if serving is None or serving.build_id != build_id:
        return False
    return restarted is None or serving.uptime <= time.monotonic() - restarted + _CLOCK_SLACK
