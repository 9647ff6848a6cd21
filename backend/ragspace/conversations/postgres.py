"""The connections to a PostgreSQL: how they are made, checked before use, and replaced when they break."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ragspace.conversations.failures import CERTIFICATE_FILES, failure_of
from ragspace.conversations.storable import storable_json
from ragspace.database_url import DatabaseAddress

T = TypeVar("T")

POOL_SIZE = 5
"""Connections that are kept; as many again are made for a rush."""

RECYCLE_S = 240
"""Age at which a connection is replaced: Neon suspends, and drops what is idle, after five minutes."""

IDLE_S = 10.0
"""A connection that lay idle longer is asked for a sign of life before it is used."""

PING_TIMEOUT_S = 3.0


class Postgres:
    """A pool of connections to the database at `address`, which is given `timeout` seconds.

    Raises ConfigurationError where a certificate cannot be read.
    """

    concurrent_commits = 3
    """Groups of writes that are committed side by side; the other connections are the readers'."""

    def __init__(self, address: DatabaseAddress, timeout: float) -> None:
        self._engine = _engine(address, timeout)
        self._liveness = _Liveness()
        self._liveness.watch(self._engine.sync_engine)

    async def transaction(self, work: Callable[[Connection], T], *, writes: bool = False) -> T:
        """What `work` returns, done on one of the connections. Raises the driver's errors."""
        try:
            async with self._engine.connect() as connection:
                return await self._done(connection, work)
        except asyncio.CancelledError:
            self._liveness.doubt()  # it took too long
            raise

    async def _done(self, connection: AsyncConnection, work: Callable[[Connection], T]) -> T:
        try:
            async with connection.begin():
                return await connection.run_sync(work)
        except Exception as error:
            failure = failure_of(error)
            if failure is not None and failure.reason in ("unreachable", "timeout"):
                # What broke this connection is likely to have broken the others that lie idle.
                self._liveness.doubt()
                await connection.invalidate()
            raise

    async def close(self) -> None:
        await self._engine.dispose()


def _engine(address: DatabaseAddress, timeout: float) -> AsyncEngine:
    try:
        tls = address.tls.asyncpg_argument()
    except OSError:
        raise CERTIFICATE_FILES.error_at_start() from None
    return create_async_engine(
        "postgresql+asyncpg://",
        connect_args={
            **address.connect_args,
            "ssl": tls,
            "command_timeout": timeout,
            # A pooler in transaction mode gives each transaction another server connection, so that nothing
            # may be kept there. Without its cache asyncpg leaves its statements unnamed, too.
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
        },
        json_serializer=storable_json,
        json_deserializer=orjson.loads,
        hide_parameters=True,
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        pool_recycle=RECYCLE_S,
        pool_use_lifo=True,
        pool_timeout=timeout * 2,  # never reached: the work's own timeout comes first
    )


class _Liveness:
    """Asks connections for a sign of life before they are used, where there is reason to.

    SQLAlchemy's own `pool_pre_ping` costs four round trips at each use. This is one, and only for what lay
    idle for a while or since another broke; a connection that broke a moment ago is found by its first
    statement, and the work is then repeated.
    """

    def __init__(self) -> None:
        self._doubted_at = 0.0

    def doubt(self) -> None:
        self._doubted_at = time.monotonic()

    def watch(self, engine: Engine) -> None:
        event.listen(engine, "checkin", self._checked_in)
        event.listen(engine, "checkout", self._checked_out)

    def _checked_in(self, _connection: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    def _checked_out(self, connection: Any, record: Any, _proxy: Any) -> None:
        idle_since = record.info.get("idle_since")
        if idle_since is None or idle_since > max(self._doubted_at, time.monotonic() - IDLE_S):
            return
        try:
            connection.run_async(_ping)
        except Exception:  # noqa: BLE001 (whatever it is, the connection is of no use)
            raise DisconnectionError from None


async def _ping(driver: Any) -> None:
    try:
        await driver.execute("SELECT 1", timeout=PING_TIMEOUT_S)
    except BaseException:
        driver.terminate()  # at once: a farewell would not be answered either
        raise
