"""Which of a configuration's services stand behind a port that a Space may not open, and how each is reached
all the same. Nothing of this is used anywhere but on a Space."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from ragspace.errors import Service
from ragspace.parts import Parts
from ragspace.ports import SURE_PORTS, Egress, Gate
from ragspace.settings import Settings

if TYPE_CHECKING:
    from ragspace.conversations.repository import SqlConversations
    from ragspace.database_url import DatabaseAddress
    from ragspace.retrieval.qdrant import QdrantIndex


def choose_gates(settings: Settings, parts: Parts, egress: Egress) -> Mapping[Service, Gate]:
    """The gates of the services that are reached by ports which may be blocked."""
    gates = (
        (_qdrant(settings, parts, egress), _postgres(settings, parts, egress)) if settings.on_space else ()
    )
    return {service: gate for found in gates for service, gate in found.items()}


def _qdrant(settings: Settings, parts: Parts, egress: Egress) -> dict[Service, Gate]:
    if settings.index != "qdrant" or settings.qdrant_url is None:
        return {}
    from ragspace.retrieval.qdrant import QdrantIndex

    host, port = qdrant_host(settings.qdrant_url)
    if port in SURE_PORTS:
        return {}
    detour = None
    if egress.provider(host) == "qdrant cloud" and isinstance(parts.index, QdrantIndex):
        detour = QdrantDetour(parts.index, settings.qdrant_url, egress)
    return {"qdrant": Gate("qdrant", host, port, egress, detour)}


def _postgres(settings: Settings, parts: Parts, egress: Egress) -> dict[Service, Gate]:
    address = settings.database
    if address.dialect != "postgresql":
        return {}
    from ragspace.conversations.repository import SqlConversations

    host, port = str(address.connect_args["host"]), int(address.connect_args["port"])
    if host.startswith("/") or port in SURE_PORTS:
        return {}
    detour = None
    if egress.provider(host) == "neon" and isinstance(parts.conversations, SqlConversations):
        detour = NeonDetour(parts.conversations, address, egress)
    return {"postgres": Gate("postgres", host, port, egress, detour)}


def qdrant_host(url: str) -> tuple[str, int]:
    """Host and port of a QDRANT_URL."""
    from ragspace.retrieval.qdrant_api import with_port

    parts = urlsplit(with_port(url))
    return parts.hostname or "", parts.port or 0


class QdrantDetour:
    """Qdrant Cloud serves its REST API on 443, too."""

    def __init__(self, index: "QdrantIndex", url: str, egress: Egress) -> None:
        self._index = index
        self._url = url
        self._egress = egress

    async def take(self) -> None:
        await self._index.move(over_https(self._url, self._egress.https_port), self._egress.tls)

    async def leave(self) -> None:
        await self._index.move(self._url)


def over_https(url: str, port: int = 443) -> str:
    """The same service at another port, encrypted."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme="https", netloc=f"{parts.hostname}:{port}"))


class NeonDetour:
    """Neon serves PostgreSQL's wire protocol through a WebSocket on 443, too."""

    def __init__(self, conversations: "SqlConversations", address: "DatabaseAddress", egress: Egress) -> None:
        from ragspace.conversations.tunnel import Tunnel

        self._conversations = conversations
        self._address = address
        self._tunnel = Tunnel(neon_websocket(address, egress.https_port), egress.tls)

    async def take(self) -> None:
        from ragspace.conversations.tunnel import through

        directory = await self._tunnel.open()
        await self._conversations.move(through(directory, self._address))

    async def leave(self) -> None:
        await self._conversations.move(self._address)
        await self._tunnel.close()


def neon_websocket(address: "DatabaseAddress", port: int = 443) -> str:
    """Where the host of `address` serves its WebSocket."""
    return f"wss://{address.connect_args['host']}{'' if port == 443 else f':{port}'}/v2"
