"""Conversations whose storage goes away when a test says so."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

from ragspace.conversations.records import Conversations, Exchange, Message, Rating
from ragspace.conversations.repository import SqlConversations
from ragspace.database_url import parse_database_url
from ragspace.errors import StorageUnavailable


@asynccontextmanager
async def sqlite_conversations(directory: Path) -> AsyncIterator[SqlConversations]:
    conversations = SqlConversations(parse_database_url("sqlite:///conversations.db", directory))
    await conversations.open()
    try:
        yield conversations
    finally:
        await conversations.close()


class FlakyConversations:
    """Passes everything on to `stored`, unless it is told to be away, or to hang.

    `takes_writes`, `answers` and `hangs` are switches; `refuses` holds conversations whose writes are never
    taken, as if the storage were away. `written` is every write that was passed on, in order.
    """

    def __init__(self, stored: Conversations) -> None:
        self.stored = stored
        self.takes_writes = True
        self.answers = True
        self.hangs = False
        self.refuses: set[UUID] = set()
        self.written: list[tuple[str, UUID]] = []
        self.tries = 0

    def go_away(self) -> None:
        self.takes_writes = self.answers = False

    def come_back(self) -> None:
        self.takes_writes = self.answers = True
        self.hangs = False

    @property
    def embedded(self) -> bool:
        return self.stored.embedded

    async def open(self) -> None:
        await self.stored.open()

    async def check(self) -> None:
        await self._read()

    async def begin(self, question: Message, answer: Message) -> None:
        await self._write("begin", question.conversation_id)
        await self.stored.begin(question, answer)

    async def finish(self, answer: Message) -> None:
        await self._write("finish", answer.conversation_id)
        await self.stored.finish(answer)

    async def history(self, conversation_id: UUID, exchanges: int) -> list[Exchange] | None:
        await self._read()
        return await self.stored.history(conversation_id, exchanges)

    async def messages(self, conversation_id: UUID) -> Sequence[Message] | None:
        await self._read()
        return await self.stored.messages(conversation_id)

    async def message(self, message_id: UUID) -> Message | None:
        await self._read()
        return await self.stored.message(message_id)

    async def rate(self, message_id: UUID, rating: Rating, comment: str | None) -> bool:
        await self._write("rate", message_id)
        return await self.stored.rate(message_id, rating, comment)

    async def delete(self, conversation_id: UUID) -> bool:
        await self._write("delete", conversation_id)
        return await self.stored.delete(conversation_id)

    async def abandon_running(self, older_than: float) -> int:
        return await self.stored.abandon_running(older_than)

    async def close(self) -> None:
        await self.stored.close()

    async def _read(self) -> None:
        if not self.answers:
            raise StorageUnavailable(service="postgres", reason="unreachable")

    async def _write(self, name: str, key: UUID) -> None:
        self.tries += 1
        if self.hangs:
            await asyncio.Event().wait()
        if not self.takes_writes or key in self.refuses:
            raise StorageUnavailable(service="postgres", reason="unreachable")
        self.written.append((name, key))
