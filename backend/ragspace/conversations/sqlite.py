"""The connections to an SQLite file, each transaction on which is done in one go by a thread."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event

from ragspace.conversations.failures import DATABASE_FILE
from ragspace.conversations.storable import storable_json

T = TypeVar("T")

KEPT_CONNECTIONS = 5

THREADS = 15
"""As many connections are made for a rush: some may wait for the file while others read it."""

BUSY_TIMEOUT_S = 5.0


class Sqlite:
    """A pool of connections to the database in the file at `path`, whose directory is made.

    A driver that awaits would go to and fro between its thread and the event loop for each of some ten steps
    of a transaction, and wait for its turn each time. Raises ConfigurationError where the directory cannot be
    made.
    """

    concurrent_commits = 1
    """SQLite writes for one at a time."""

    def __init__(self, path: Path) -> None:
        self._engine = _engine(path)
        self._threads = ThreadPoolExecutor(THREADS, "sqlite")

    async def transaction(self, work: Callable[[Connection], T], *, writes: bool = False) -> T:
        """What `work` returns, done on one of the connections; to an end also where the caller is cancelled.
        Raises the driver's errors."""
        engine = self._engine.execution_options(writes=True) if writes else self._engine

        def done() -> T:
            with engine.begin() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self._threads, done)

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()


def _engine(path: Path) -> Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise DATABASE_FILE.error_at_start() from None
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        # The driver begins no transactions of its own: `_begin` says which kind it is.
        connect_args={"timeout": BUSY_TIMEOUT_S, "isolation_level": None},
        json_serializer=storable_json,
        json_deserializer=orjson.loads,
        hide_parameters=True,
        pool_size=KEPT_CONNECTIONS,
        max_overflow=THREADS - KEPT_CONNECTIONS,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A reader that turns writer half-way is refused, however patient it is, where another wrote since.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
