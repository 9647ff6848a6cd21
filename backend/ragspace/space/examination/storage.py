"""PostgreSQL: connected, encrypted or not, pooled or not, how far away, and what its role may do."""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from typing import Any

from ragspace.conversations.failures import CERTIFICATE_FILES, Failure, failure_of
from ragspace.database_url import DatabaseAddress, is_local
from ragspace.errors import RagspaceError
from ragspace.ports import Egress
from ragspace.space.checks import Check
from ragspace.tls import SslMode, TlsPolicy

ROUND_TRIPS = 5

TIMEOUT = 10.0

_TRIED: dict[SslMode, tuple[SslMode, ...]] = {
    "prefer": ("require", "disable"),
    "allow": ("disable", "require"),
}
"""What stands behind the modes that take encryption or leave it, in the order in which it is tried."""

_OF_THE_NETWORK = ("unreachable", "timeout")


@dataclass(frozen=True, slots=True)
class _Connected:
    """A connection of asyncpg's, with the policy by which it was made, and the seconds that it took."""

    connection: Any
    tls: TlsPolicy
    seconds: float


async def check_storage(address: DatabaseAddress, egress: Egress) -> AsyncGenerator[Check, None]:
    """Nothing is changed: what a start would do to the tables is tried and taken back."""
    connected = await _connect(address)
    if isinstance(connected, Failure):
        yield Check("postgres", "failed", connected.message, connected.action)
        return
    connection = connected.connection
    try:
        version = connection.get_server_version().major
        port = address.connect_args["port"]
        told = f"PostgreSQL {version} at port {port}, connected in {connected.seconds * 1000:.0f} ms."
        yield Check("postgres", "ok", told)
        yield _encryption(address, connected.tls)
        yield await _pooling(connection, address, egress)
        yield await _latency(connection)
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        yield Check("postgres", "failed", failure.message, failure.action)
        return
    finally:
        connection.terminate()
    yield await _rights(address)


async def _connect(address: DatabaseAddress) -> _Connected | Failure:
    """As the service connects, but so that it is known whether by TLS."""
    mode = address.tls.mode
    for tried in _TRIED.get(mode, (mode,)):
        connected = await _connect_by(address, replace(address.tls, mode=tried))
        if isinstance(connected, _Connected) or connected.reason in _OF_THE_NETWORK:
            break
    return connected


async def _connect_by(address: DatabaseAddress, tls: TlsPolicy) -> _Connected | Failure:
    import asyncpg

    started = time.monotonic()
    try:
        argument = await asyncio.to_thread(tls.asyncpg_argument)
    except OSError:
        return CERTIFICATE_FILES
    try:
        connection = await asyncpg.connect(
            **address.connect_args, ssl=argument, statement_cache_size=0, command_timeout=TIMEOUT
        )
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            raise
        return failure
    return _Connected(connection, tls, time.monotonic() - started)


def _encryption(address: DatabaseAddress, tls: TlsPolicy) -> Check:
    name = "postgres encryption"
    local = is_local(str(address.connect_args["host"]))
    if tls.mode == "disable":
        if local:
            return Check(name, "ok", "None, on this machine.")
        return Check(
            name,
            "warning",
            "None: passwords and conversations can be read on the way.",
            "Write sslmode=require in DATABASE_URL, and switch TLS on in the database if it then refuses.",
        )
    verified = tls.mode in ("verify-ca", "verify-full") or tls.root_certificate is not None
    told = f"TLS, the certificate {'is' if verified else 'is not'} verified."
    if address.tls.mode in _TRIED and not local:
        fix = "Write sslmode=require in DATABASE_URL, so that it is never left out."
        return Check(name, "warning", f"{told} It is not asked for.", fix)
    return Check(name, "ok", told)


async def _pooling(connection: Any, address: DatabaseAddress, egress: Egress) -> Check:
    name = "postgres pooling"
    host = str(address.connect_args["host"])
    if egress.provider(host) == "neon" and "-pooler" not in host.partition(".")[0]:
        return Check(
            name,
            "warning",
            "Not pooled.",
            "In Neon, behind Connect, switch Connection pooling on and copy the string into DATABASE_URL: "
            "its host has -pooler in its name.",
        )
    # A pooler tells a process id of its own making, as it gives each transaction another process.
    process = await connection.fetchval("SELECT pg_backend_pid()")
    pooled = "-pooler" in host.partition(".")[0] or process != connection.get_server_pid()
    return Check(name, "ok", "Pooled." if pooled else "Not pooled; ten connections are taken at most.")


async def _latency(connection: Any) -> Check:
    seconds = []
    for _ in range(ROUND_TRIPS):
        started = time.monotonic()
        await connection.execute("SELECT 1")
        seconds.append(time.monotonic() - started)
    median = statistics.median(seconds) * 1000
    return Check(
        "postgres latency", "ok", f"{median:.1f} ms a round trip from here (median of {ROUND_TRIPS})."
    )


async def _rights(address: DatabaseAddress) -> Check:
    from ragspace.conversations.database import Database

    name = "postgres tables"
    database = await asyncio.to_thread(Database, address, TIMEOUT)
    try:
        missing = await database.migrate(rehearsal=True)
    except RagspaceError as error:
        return Check(name, "failed", error.message, error.action)
    finally:
        await database.close()
    if missing:
        return Check(
            name, "ok", "The first start makes or completes them; that was tried here, and taken back."
        )
    return Check(name, "ok", "They are there, and may be read and written.")
