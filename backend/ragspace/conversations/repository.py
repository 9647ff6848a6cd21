"""The conversations in PostgreSQL or SQLite. SQLAlchemy is loaded at the first `open`, off the event loop."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from ragspace.conversations.group_commit import Written
from ragspace.conversations.records import CachedAnswer, Exchange, Message, Rating
from ragspace.database_url import DatabaseAddress
from ragspace.errors import ConfigurationError, StorageUnavailable

if TYPE_CHECKING:
    from sqlalchemy import Row

    from ragspace.conversations.database import Database
    from ragspace.conversations.queries import Queries

T = TypeVar("T")


class SqlConversations:
    """Implements `Conversations` and `AnswerStore` over the database at `address`.

    `timeout` bounds every call, in seconds, connecting and one repetition included. What is called while the
    first `open` is under way waits for it; without an `open` that succeeded it raises StorageUnavailable.
    """

    def __init__(self, address: DatabaseAddress, *, timeout: float = 10.0) -> None:
        self._address = address
        self._timeout = timeout
        self._database: Database | None = None
        self._opening = asyncio.Lock()
        self._tried = False
        self._why_closed: StorageUnavailable | ConfigurationError | None = None

    @property
    def embedded(self) -> bool:
        return self._address.dialect == "sqlite"

    async def open(self) -> None:
        async with self._opening:
            if self._database is not None:
                return
            try:
                self._database = await self._migrated()
            except (StorageUnavailable, ConfigurationError) as error:
                self._why_closed = error
                raise
            finally:
                self._tried = True

    async def _migrated(self) -> "Database":
        database = await asyncio.to_thread(self._load)
        try:
            await database.migrate()
        except BaseException:
            await database.close()
            raise
        return database

    def _load(self) -> "Database":
        from ragspace.conversations.database import Database

        return Database(self._address, self._timeout)

    async def move(self, address: DatabaseAddress) -> None:
        """From the next `open` on, the same database at another address."""
        await self.close()
        self._address = address

    async def check(self) -> None:
        await self._run(lambda queries: queries.ping(), regardless=True)

    async def begin(self, question: Message, answer: Message) -> None:
        await (await self._opened()).write(Written(answer, question))

    async def finish(self, answer: Message) -> None:
        await (await self._opened()).write(Written(answer))

    async def rescue(self, answer: Message) -> bool:
        return await self._run(lambda queries: queries.rescue(answer), writes=True)

    async def history(self, conversation_id: UUID, exchanges: int) -> list[Exchange] | None:
        return await self._run(lambda queries: queries.history(conversation_id, exchanges))

    async def messages(self, conversation_id: UUID) -> Sequence[Message] | None:
        rows = await self._run(lambda queries: queries.messages(conversation_id))
        return None if rows is None else await asyncio.to_thread(_read_messages, rows)

    async def message(self, message_id: UUID) -> Message | None:
        return await self._run(lambda queries: queries.message(message_id))

    async def rate(self, message_id: UUID, rating: Rating, comment: str | None) -> bool:
        return await self._run(lambda queries: queries.rate(message_id, rating, comment), writes=True)

    async def delete(self, conversation_id: UUID) -> bool:
        return await self._run(lambda queries: queries.delete(conversation_id), writes=True)

    async def abandon_running(self, older_than: float) -> int:
        return await self._run(lambda queries: queries.abandon_running(older_than), writes=True)

    async def cached_answers(self, question: str, since: datetime) -> Sequence[CachedAnswer]:
        return await self._run(lambda queries: queries.cached_answers(question, since))

    async def cache_answer(self, answer: CachedAnswer, since: datetime, most: int) -> None:
        await self._run(lambda queries: queries.cache_answer(answer, since, most), writes=True)

    async def close(self) -> None:
        async with self._opening:
            database, self._database = self._database, None
            if database is not None:
                await database.close()

    async def _run(
        self, work: Callable[["Queries"], T], *, writes: bool = False, regardless: bool = False
    ) -> T:
        database = await self._opened()
        return await database.run(work, writes=writes, regardless=regardless)

    async def _opened(self) -> "Database":
        if self._database is None and not self._tried:
            async with self._opening:
                pass
        if self._database is None:
            why = self._why_closed
            raise StorageUnavailable(
                service="postgres",
                reason=why.reason if why else "unreachable",
                action=why.action if why else None,
            )
        return self._database


def _read_messages(rows: Sequence["Row[Any]"]) -> list[Message]:
    from ragspace.conversations.queries import read_messages

    return read_messages(rows)
