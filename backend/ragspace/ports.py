"""Ports that a Space may not open: found out by asking 443 of the same host, and gone around where it can be.

Spaces document 80, 443 and 8080 as the ports that may be opened. 5432 and 6333 often work all the same, but
nobody promises it. https://huggingface.co/docs/hub/spaces-overview#networking
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import structlog

from ragspace.errors import (
    Reason,
    RetrievalUnavailable,
    Service,
    ServiceUnavailable,
    StorageUnavailable,
)

log = structlog.get_logger(__name__)

SURE_PORTS = frozenset({80, 443, 8080})
"""What a Space may open, as documented."""

Provider = Literal["neon", "qdrant cloud"]

HOSTED: Mapping[str, Provider] = {".neon.tech": "neon", ".cloud.qdrant.io": "qdrant cloud"}
"""Whose hosts are known to serve on 443 what they serve on their own port, by the end of the host's name."""

PROBE_SECONDS = 3.0

_NOT_REACHED: tuple[Reason, ...] = ("unreachable", "timeout")

_VARIABLES: Mapping[Service, str] = {"qdrant": "QDRANT_URL", "postgres": "DATABASE_URL"}

_FIXES: Mapping[Service, str] = {
    "qdrant": "let Qdrant's REST API be served on port 443, and end QDRANT_URL with :443",
    "postgres": "let the database listen on port 443 or 8080 and name that port in DATABASE_URL, or take a "
    "database at Neon, which is reached over 443 by itself",
}


@dataclass(frozen=True, slots=True)
class Egress:
    """What is known of the network outside. `tls` is trusted in place of the system's authorities."""

    hosted: Mapping[str, Provider] = field(default_factory=lambda: HOSTED)
    https_port: int = 443
    tls: ssl.SSLContext | None = None
    probe_seconds: float = PROBE_SECONDS

    def provider(self, host: str) -> Provider | None:
        """Whose host it is, where that is known."""
        name = host.lower().rstrip(".")
        return next((who for suffix, who in self.hosted.items() if name.endswith(suffix)), None)

    async def opens(self, host: str, port: int) -> bool:
        """Whether a connection to that port can be made."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.probe_seconds):
                transport, _ = await loop.create_connection(asyncio.Protocol, host, port)
        except (OSError, UnicodeError):
            return False
        transport.abort()
        return True

    async def blocks(self, host: str, port: int) -> bool:
        """Whether that port cannot be opened although 443 of the same host can."""
        own, https = await asyncio.gather(self.opens(host, port), self.opens(host, self.https_port))
        return https and not own


class Detour(Protocol):
    """Another way to the same service."""

    async def take(self) -> None:
        """Raises OSError where it cannot be laid."""
        ...

    async def leave(self) -> None:
        """Back to the service's own port."""
        ...


class Gate:
    """The port of a service, on a Space. Where it turns out to be blocked, the service's check says so or,
    where there is a `detour`, goes by that one from then on.

    A detour that fails is left, so that the next check begins with the service's own port again.
    """

    def __init__(
        self, service: Service, host: str, port: int, egress: Egress, detour: Detour | None = None
    ) -> None:
        self._service = service
        self._host, self._port = host, port
        self._egress = egress
        self._detour = detour
        self.detoured = False

    async def check(self, check: Callable[[], Awaitable[None]]) -> None:
        """Do `check`. Raises what it raises, with the reason `port_blocked` where that is why."""
        try:
            await check()
            return
        except ServiceUnavailable as error:
            if not self._not_reached(error):
                raise
            if self.detoured:
                await self.close()
                raise
            if not await self._egress.blocks(self._host, self._port):
                raise
        if self._detour is None:
            raise self._blocked(_FIXES[self._service])
        await self._check_by(self._detour, check)

    async def _check_by(self, detour: Detour, check: Callable[[], Awaitable[None]]) -> None:
        log.warning("the port is blocked, trying 443", service=self._service, port=self._port)
        self.detoured = True
        try:
            await detour.take()
            await check()
        except OSError as error:
            log.warning("there is no way over 443", service=self._service, error=type(error).__name__)
            await self.close()
        except ServiceUnavailable as error:
            if not self._not_reached(error):
                raise
            await self.close()
        else:
            return
        raise self._blocked("the way over 443 of this host does not work either; check that the service runs")

    async def close(self) -> None:
        if self.detoured and self._detour is not None:
            self.detoured = False
            await self._detour.leave()

    def _not_reached(self, error: ServiceUnavailable) -> bool:
        return error.service == self._service and error.reason in _NOT_REACHED

    def _blocked(self, fix: str) -> ServiceUnavailable:
        error = RetrievalUnavailable if self._service == "qdrant" else StorageUnavailable
        return error(
            service=self._service,
            reason="port_blocked",
            action=f"Port {self._port} of the host in {_VARIABLES[self._service]} cannot be reached from "
            f"here, while 443 of the same host opens. A Space is only sure to open 80, 443 and 8080: {fix}.",
        )
