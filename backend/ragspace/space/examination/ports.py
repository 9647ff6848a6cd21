"""The ports that a Space may not open, and what happens then: tried from here, over 443."""

from collections.abc import AsyncGenerator
from contextlib import suppress

from ragspace.database_url import DatabaseAddress, is_local
from ragspace.detours import neon_websocket, over_https, qdrant_host
from ragspace.errors import RetrievalUnavailable
from ragspace.ports import SURE_PORTS, Egress
from ragspace.settings import Settings
from ragspace.space.checks import Check
from ragspace.space.examination.index import opened

MAY_BE_BLOCKED = "A Space is only sure to open 80, 443 and 8080, though port {port} often opens."

NEON_TRIED = "If it does not, ragspace goes through Neon's WebSocket on 443 by itself"


async def check_qdrant_port(settings: Settings, egress: Egress) -> AsyncGenerator[Check, None]:
    host, port = qdrant_host(settings.qdrant_url or "")
    name = "port of QDRANT_URL"
    if port in SURE_PORTS:
        yield Check(name, "ok", f"{port}, which a Space may open.")
    elif egress.provider(host) == "qdrant cloud":
        works = await _qdrant_over_https(settings, egress)
        tried = "tried from here, that works" if works else "tried from here, that does not work"
        yield Check(
            name,
            "warning",
            f"{MAY_BE_BLOCKED.format(port=port)} If it does not, ragspace asks 443 by itself: {tried}.",
            "End QDRANT_URL with :443." if works else "Check that the cluster of QDRANT_URL runs.",
        )
    elif is_local(host):
        yield _this_machine(name)
    else:
        yield _without_a_detour(
            name, port, "Let Qdrant's REST API be served on port 443 and end QDRANT_URL with :443."
        )


async def check_database_port(address: DatabaseAddress, egress: Egress) -> AsyncGenerator[Check, None]:
    host, port = str(address.connect_args["host"]), int(address.connect_args["port"])
    name = "port of DATABASE_URL"
    if port in SURE_PORTS:
        yield Check(name, "ok", f"{port}, which a Space may open.")
    elif egress.provider(host) == "neon":
        told = f"{MAY_BE_BLOCKED.format(port=port)} {NEON_TRIED}"
        if await _neon_over_websocket(address, egress):
            yield Check(name, "ok", f"{told}: tried from here, that works.")
        else:
            yield Check(
                name,
                "warning",
                f"{told}: tried from here, that does not work.",
                "Mend what other lines say of the database; if this line stays, look at the Space's health "
                "after the deployment.",
            )
    elif is_local(host):
        yield _this_machine(name)
    else:
        fix = (
            "Let the database listen on 443 or 8080 and name that port in DATABASE_URL, or take one at Neon."
        )
        yield _without_a_detour(name, port, fix)


def _without_a_detour(name: str, port: int, fix: str) -> Check:
    told = f"{MAY_BE_BLOCKED.format(port=port)} If it does not, health says port_blocked."
    return Check(name, "warning", told, fix)


def _this_machine(name: str) -> Check:
    return Check(
        name,
        "warning",
        "Its host is this machine, which a Space cannot reach.",
        f"For a Space name a host on the internet in {name.rpartition(' ')[2]}.",
    )


async def _qdrant_over_https(settings: Settings, egress: Egress) -> bool:
    """Whether Qdrant itself answers there, whatever it says of the collection."""
    url = over_https(settings.qdrant_url or "", egress.https_port)
    index = opened(settings, url)
    try:
        await index.move(url, egress.tls)
        await index.state()
    except RetrievalUnavailable as error:
        return error.reason == "collection_missing"
    finally:
        await index.close()
    return True


async def _neon_over_websocket(address: DatabaseAddress, egress: Egress) -> bool:
    """Whether the database takes a connection through its WebSocket."""
    import asyncpg

    from ragspace.conversations.tunnel import Tunnel, through

    tunnel = Tunnel(neon_websocket(address, egress.https_port), egress.tls)
    try:
        there = through(await tunnel.open(), address)
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            connection = await asyncpg.connect(**there.connect_args, ssl="disable", statement_cache_size=0)
            connection.terminate()
            return True
    except OSError:
        pass
    finally:
        await tunnel.close()
    return False
