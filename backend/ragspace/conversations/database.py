"""The connections to the database: how they are made, checked before use, and replaced when they break."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ragspace.circuit import Circuit
from ragspace.conversations.failures import CERTIFICATE_FILES, DATABASE_FILE, Failure, failure_of
from ragspace.conversations.group_commit import GroupCommit, Written
from ragspace.conversations.migrations import migrate
from ragspace.conversations.queries import Queries
from ragspace.conversations.storable import storable_json
from ragspace.database_url import DatabaseAddress

T = TypeVar("T")

POOL_SIZE = 5
"""Connections that are kept; as many again are made for a rush."""

CONCURRENT_COMMITS = 3
"""Groups of writes that are committed side by side; the other connections are the readers'."""

BROKEN_CONNECTIONS = 2
"""How many in a row a transaction gets past: after a restart a pooler may hand out several that it has not
noticed to be broken."""

RECYCLE_S = 240
"""Age at which a connection is replaced: Neon suspends, and drops what is idle, after five minutes."""

IDLE_S = 10.0
"""A connection that lay idle longer is asked for a sign of life before it is used."""

PING_TIMEOUT_S = 3.0

SQLITE_BUSY_TIMEOUT_S = 5.0


class Database:
    """One database, its pool of connections, and one way to run a transaction in it."""

    def __init__(self, address: DatabaseAddress, timeout: float) -> None:
        """Reads certificates and makes the directory of an SQLite file, so it belongs in a thread.

        Raises ConfigurationError where it cannot.
        """
        self._timeout = timeout
        self._liveness = _Liveness()
        self._circuit = Circuit()
        self._last: Failure | None = None
        # SQLite writes for one at a time.
        self._commits = GroupCommit(self._commit, 1 if address.path else CONCURRENT_COMMITS)
        if address.path is not None:
            self._engine = _sqlite(address.path)
        else:
            self._engine = _postgres(address, timeout)
            self._liveness.watch(self._engine.sync_engine)

    async def write(self, written: Written) -> None:
        """Keep it, together with what else comes at the same time. Raises as `run` does."""
        await self._commits.write(written)

    async def _commit(self, group: Sequence[Written]) -> None:
        begun = [(each.question, each.answer) for each in group if each.question is not None]
        ended = [each.answer for each in group if each.question is None]

        async def write(queries: Queries) -> None:
            if begun:
                await queries.begin(begun)
            if ended:
                await queries.finish(ended)

        await self.run(write, writes=True)

    async def migrate(self, *, rehearsal: bool = False) -> list[str]:
        """The statements that were wanting and were run; in a `rehearsal` they are taken back.

        Raises ConfigurationError, StorageUnavailable, or what is not the database's fault.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await migrate(self._engine, rehearsal=rehearsal)
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            raise failure.error_at_start() from None

    async def run(
        self, work: Callable[[Queries], Awaitable[T]], *, writes: bool = False, regardless: bool = False
    ) -> T:
        """What `work` returns, done in one transaction, which must be repeatable: where the connection
        breaks it is done again on another one. `regardless` asks although the circuit is open, as a check
        does. Raises StorageUnavailable or StatementRefused."""
        if not regardless and self._circuit.refusal() is not None and self._last is not None:
            raise self._last.error()
        since = self._circuit.now()
        try:
            result = await self._done(work, writes)
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                self._circuit.given_up()
                raise
            if failure.reason == "timeout":
                self._liveness.doubt()
            self._last = failure
            if failure.reason in ("timeout", "unreachable"):
                self._circuit.failed(failure.reason, since)
            else:
                self._circuit.answered()
            raise failure.error() from None
        except BaseException:
            self._circuit.given_up()
            raise
        if regardless:
            self._circuit.checked()
        else:
            self._circuit.answered()
        return result

    async def _done(self, work: Callable[[Queries], Awaitable[T]], writes: bool) -> T:
        engine = self._engine.execution_options(writes=True) if writes else self._engine
        async with asyncio.timeout(self._timeout):
            for _ in range(BROKEN_CONNECTIONS):
                try:
                    return await self._transaction(engine, work)
                except Exception as error:
                    failure = failure_of(error)
                    if failure is None or not failure.lost:
                        raise
            return await self._transaction(engine, work)

    async def _transaction(self, engine: AsyncEngine, work: Callable[[Queries], Awaitable[T]]) -> T:
        async with engine.connect() as connection:
            try:
                async with connection.begin():
                    return await work(Queries(connection))
            except Exception as error:
                failure = failure_of(error)
                if failure is not None and failure.reason in ("unreachable", "timeout"):
                    # What broke this connection is likely to have broken the others that lie idle.
                    self._liveness.doubt()
                    await connection.invalidate()
                raise

    async def close(self) -> None:
        await self._engine.dispose()


def _postgres(address: DatabaseAddress, timeout: float) -> AsyncEngine:
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


def _sqlite(path: Path) -> AsyncEngine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise DATABASE_FILE.error_at_start() from None
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        # The driver begins no transactions of its own: `_begin` says which kind it is.
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_S, "isolation_level": None},
        json_serializer=storable_json,
        json_deserializer=orjson.loads,
        hide_parameters=True,
        pool_size=POOL_SIZE,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Connection) -> None:
        # A reader that turns writer half-way is refused, however patient it is, where another wrote since.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
