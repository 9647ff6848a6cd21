"""One way to run a transaction in the database, whatever it is and whatever its connections meet."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from ragspace.circuit import Circuit
from ragspace.conversations.failures import Failure, failure_of
from ragspace.conversations.group_commit import GroupCommit, Written
from ragspace.conversations.migrations import migrate
from ragspace.conversations.queries import Queries
from ragspace.database_url import DatabaseAddress

T = TypeVar("T")

BROKEN_CONNECTIONS = 2
"""How many in a row a transaction gets past: after a restart a pooler may hand out several that it has not
noticed to be broken."""


class Database:
    """The database at `address`, whose transactions take `timeout` seconds at most."""

    def __init__(self, address: DatabaseAddress, timeout: float) -> None:
        """Reads certificates and makes the directory of an SQLite file, so it belongs in a thread.

        Raises ConfigurationError where it cannot.
        """
        self._timeout = timeout
        self._circuit = Circuit()
        self._last: Failure | None = None
        self._pool = _pool(address, timeout)
        self._commits = GroupCommit(self._commit, self._pool.concurrent_commits)

    async def write(self, written: Written) -> None:
        """Keep it, together with what else comes at the same time. Raises as `run` does."""
        await self._commits.write(written)

    async def _commit(self, group: Sequence[Written]) -> None:
        begun = [(each.question, each.answer) for each in group if each.question is not None]
        ended = [each.answer for each in group if each.question is None]

        def write(queries: Queries) -> None:
            if begun:
                queries.begin(begun)
            if ended:
                queries.finish(ended)

        await self.run(write, writes=True)

    async def migrate(self, *, rehearsal: bool = False) -> list[str]:
        """The statements that were wanting and were run; in a `rehearsal` they are taken back.

        Raises ConfigurationError, StorageUnavailable, or what is not the database's fault.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await migrate(self._pool.transaction, rehearsal=rehearsal)
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            raise failure.error_at_start() from None

    async def run(self, work: Callable[[Queries], T], *, writes: bool = False, regardless: bool = False) -> T:
        """What `work` returns, done in one transaction, which must be repeatable: where the connection
        breaks it is done again on another one. `regardless` asks although the circuit is open, as a check
        does. Raises StorageUnavailable or StatementRefused."""
        if not regardless and self._circuit.refusal() is not None and self._last is not None:
            raise self._last.error()
        since = self._circuit.now()
        try:
            result = await self._done(lambda connection: work(Queries(connection)), writes)
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                self._circuit.given_up()
                raise
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

    async def _done(self, work: Callable[[Connection], T], writes: bool) -> T:
        async with asyncio.timeout(self._timeout):
            for _ in range(BROKEN_CONNECTIONS):
                try:
                    return await self._pool.transaction(work, writes=writes)
                except Exception as error:
                    failure = failure_of(error)
                    if failure is None or not failure.lost:
                        raise
            return await self._pool.transaction(work, writes=writes)

    async def close(self) -> None:
        await self._pool.close()


class _Pool(Protocol):
    """Connections to a database of some kind."""

    concurrent_commits: int

    async def transaction(self, work: Callable[[Connection], T], *, writes: bool = False) -> T: ...

    async def close(self) -> None: ...


def _pool(address: DatabaseAddress, timeout: float) -> _Pool:
    if address.path is not None:
        from ragspace.conversations.sqlite import Sqlite

        return Sqlite(address.path)
    from ragspace.conversations.postgres import Postgres

    return Postgres(address, timeout)
