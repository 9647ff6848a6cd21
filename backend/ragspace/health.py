"""What the services behind the answers are doing: checked in the background, told from memory."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import structlog

from ragspace.errors import (
    ConfigurationError,
    QuotaExceeded,
    RagspaceError,
    Reason,
    Service,
    ServiceUnavailable,
)

log = structlog.get_logger(__name__)

Status = Literal["connected", "unavailable", "starting"]
Overall = Literal["healthy", "starting", "degraded", "unhealthy"]
Check = Callable[[], Awaitable[None]]

RECHECK_SECONDS = 10.0
"""An unavailable service is asked again at least this often."""

CHECK_TIMEOUT_SECONDS = 30.0
"""A check that takes longer counts as failed; it is longer than any of the connect timeouts within."""


@dataclass(slots=True)
class ServiceState:
    """The last that is known of a service; `facts` are further keys of its part of the report."""

    status: Status = "starting"
    reason: Reason | None = None
    action: str | None = None
    latency_ms: float | None = None
    checked_at: datetime | None = None
    believed_until: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)

    def report(self) -> dict[str, Any]:
        told = {
            "status": self.status,
            **self.facts,
            "reason": self.reason,
            "action": self.action,
            "latency_ms": self.latency_ms,
            "checked_at": self.checked_at.strftime("%Y-%m-%dT%H:%M:%SZ") if self.checked_at else None,
        }
        return {key: value for key, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Probe:
    """How a service is asked: `check` raises where it is unavailable, and is repeated every `interval` s.

    `proves`: what the check asks for is what requests ask for, so that one that passes shows that they would,
    too. Otherwise what failed a request is believed for another `interval`, unless a request succeeds.
    """

    check: Check
    interval: float
    facts: Callable[[], Mapping[str, Any]] = dict
    proves: bool = True


class Health:
    """The state of every service, kept by background checks and by what requests meet."""

    def __init__(self, probes: Mapping[Service, Probe]) -> None:
        self._probes = probes
        self.services: dict[Service, ServiceState] = {
            name: ServiceState(facts=probe.facts()) for name, probe in probes.items()
        }
        self._wake: dict[Service, asyncio.Event] = {name: asyncio.Event() for name in probes}
        self._checked: dict[Service, asyncio.Event] = {name: asyncio.Event() for name in probes}

    @property
    def overall(self) -> Overall:
        statuses = [state.status for state in self.services.values()]
        if "starting" in statuses:
            return "starting"
        unavailable = statuses.count("unavailable")
        return "healthy" if unavailable == 0 else "degraded" if unavailable == 1 else "unhealthy"

    async def wait_until_checked(self) -> None:
        """Wait until every service was asked once by its watch."""
        for checked in self._checked.values():
            await checked.wait()

    def report(self) -> dict[str, Any]:
        """The services' part of the health report."""
        return {name: state.report() for name, state in self.services.items()}

    def succeeded(self, service: Service) -> None:
        """A request was answered by `service` (or its check passed)."""
        state = self.services[service]
        if state.status != "connected":
            log.info("service is connected", service=service)
        state.status, state.reason, state.action = "connected", None, None
        state.believed_until = 0.0
        state.facts = self._probes[service].facts()

    def failed(self, error: RagspaceError) -> None:
        """A request was failed by the service that `error` names; errors that name none change nothing."""
        if isinstance(error, QuotaExceeded):
            self._unavailable("gemini", "quota_exceeded", error.action)
            self.services["gemini"].believed_until = time.monotonic() + (error.retry_after or 60)
        elif isinstance(error, ServiceUnavailable):
            # Why it cannot be reached is known to the check only.
            if self.services[error.service].reason != "port_blocked":
                self._unavailable(error.service, error.reason, error.action)
            probe = self._probes[error.service]
            # That it can be reached is what every check proves.
            if not probe.proves and error.reason != "unreachable":
                state = self.services[error.service]
                state.believed_until = max(state.believed_until, time.monotonic() + probe.interval)
            self._wake[error.service].set()

    def _unavailable(self, service: Service, reason: Reason, action: str) -> None:
        state = self.services[service]
        if (state.status, state.reason) != ("unavailable", reason):
            log.warning("service is unavailable", service=service, reason=reason, action=action)
        state.status, state.reason, state.action = "unavailable", reason, action
        state.facts = self._probes[service].facts()

    async def check(self, service: Service) -> None:
        """Ask `service` once and keep what it says. Raises only ConfigurationError."""
        state = self.services[service]
        started = time.monotonic()
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
                await self._probes[service].check()
        except ConfigurationError:
            raise
        except TimeoutError:
            self._unavailable(service, "timeout", "The service did not answer its check in time.")
        except RagspaceError as error:
            reason: Reason = error.reason if isinstance(error, ServiceUnavailable) else "error"
            self._unavailable(service, reason, error.action)
        except Exception:
            log.exception("a health check failed for a reason of its own", service=service)
            self._unavailable(service, "error", "Look into the server's log for the check's error.")
        else:
            # Looking at a model works without quota, so a spent quota is believed until it renews.
            if started >= state.believed_until:
                self.succeeded(service)
        state.checked_at = datetime.now(UTC)
        state.latency_ms = round((time.monotonic() - started) * 1000, 1)

    async def watch(self, service: Service) -> None:
        """Check `service` for ever. Raises ConfigurationError where the very first check finds one; later
        ones count as unavailable, since a running server is not stopped by a changed password."""
        try:
            await self.check(service)
        except ConfigurationError as error:
            self._unavailable(service, error.reason, error.action)
            raise
        finally:
            self._checked[service].set()
        while True:
            state = self.services[service]
            interval = self._probes[service].interval
            if state.status == "unavailable":
                interval = min(interval, RECHECK_SECONDS)
            try:
                await asyncio.wait_for(self._wake[service].wait(), interval)
                await asyncio.sleep(min(1.0, interval))
            except TimeoutError:
                pass
            self._wake[service].clear()
            try:
                await self.check(service)
            except ConfigurationError as error:
                self._unavailable(service, error.reason, error.action)
