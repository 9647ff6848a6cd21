"""Conversations as the chat keeps and reads them: an answer is never stopped by an outage of the storage.

Writes go through a queue (see write_queue.py), which waits for a storage that is away; readers see what is
queued as if it were written.
"""

from collections import OrderedDict
from collections.abc import Sequence
from uuid import UUID

from ragspace.conversations.ordering import exchanges, in_order
from ragspace.conversations.records import Conversations, Exchange, Message, Rating
from ragspace.conversations.write_queue import Settled, WriteQueue, dropped
from ragspace.conversations.writes import Begin, Delete, Finish, Messages, Rate, Write
from ragspace.errors import StorageUnavailable

REMEMBERED_DELETIONS = 10_000
"""How many deleted conversations are remembered, so that an answer still being written finds it out."""


class Journal:
    """`limit` is how many writes may wait for the storage before new questions are refused (what belongs to
    answers that are under way is always taken); `timeout` bounds each write. A question waits for its answer
    as long as `answer_awaited`, to be written with it; who reads here sees it at once. Both in seconds."""

    def __init__(
        self,
        conversations: Conversations,
        limit: int = 1000,
        timeout: float = 5.0,
        answer_awaited: float = 0.0,
    ) -> None:
        self._conversations = conversations
        self._limit = limit
        self._queue = WriteQueue(conversations, timeout, answer_awaited)
        self._deleted: OrderedDict[UUID, None] = OrderedDict()

    @property
    def pending(self) -> int:
        """How many writes wait for the storage."""
        return self._queue.deferred

    @property
    def full(self) -> bool:
        return self._queue.defers(self._limit)

    def admit(self) -> None:
        """Raises StorageUnavailable where no more questions can be kept."""
        if self.full:
            raise self._unavailable()

    def begin(self, question: Message, answer: Message, *, first: bool = False) -> Settled:
        """Keep a question and its answer-to-come, soon or when the storage is back: who waits for the result
        waits for that, `timeout` at most. `first` says that the question opens its conversation, which can
        then be read although the storage is away."""
        return self._write(Begin(question, answer, first))

    def finish(self, answer: Message) -> Settled:
        """Keep an answer's end, in the same way."""
        return self._write(Finish(answer))

    def _write(self, write: Begin | Finish) -> Settled:
        return dropped() if write.conversation_id in self._deleted else self._queue.submit(write)

    async def messages(self, conversation_id: UUID) -> Sequence[Message] | None:
        """As Conversations.messages. Raises StorageUnavailable where what is queued is not the whole."""
        if conversation_id in self._deleted:
            return None
        queued = self._queue.lane(conversation_id)
        found: Messages = {}
        if not _whole(queued):
            stored = await self._conversations.messages(conversation_id)
            unknown = stored is None and not any(isinstance(write, Begin) for write in queued)
            if unknown or conversation_id in self._deleted:
                return None
            found = {message.id: message for message in stored or ()}
        for write in queued:
            write.apply(found)
        return in_order(found.values())

    async def history(self, conversation_id: UUID, limit: int) -> list[Exchange] | None:
        """As Conversations.history. Raises StorageUnavailable where what is queued is not the whole."""
        if conversation_id not in self._deleted and not self._queue.lane(conversation_id):
            stored = await self._conversations.history(conversation_id, limit)
            return None if conversation_id in self._deleted else stored
        said = await self.messages(conversation_id)
        return None if said is None else exchanges(said, limit)

    async def message(self, message_id: UUID) -> Message | None:
        """As Conversations.message. Raises StorageUnavailable where nothing of it is queued."""
        queued = self._queue.about(message_id)
        stored: Message | None = None
        if not any(isinstance(write, Begin) for write in queued):
            try:
                stored = await self._conversations.message(message_id)
            except StorageUnavailable:
                if not any(isinstance(write, Finish) for write in queued):
                    raise
        found: Messages = {} if stored is None else {message_id: stored}
        for write in queued:
            write.apply(found)
        message = found.get(message_id)
        return None if message is None or message.conversation_id in self._deleted else message

    async def rate(self, message_id: UUID, rating: Rating, comment: str | None) -> bool:
        """As Conversations.rate; for an answer that is queued, its rating is too.

        Raises StorageUnavailable."""
        queued = self._queue.about(message_id)
        if not queued:
            return await self._conversations.rate(message_id, rating, comment)
        self.admit()
        rated = await self._queue.submit(Rate(queued[0].conversation_id, message_id, rating, comment))
        return rated is not False

    async def delete(self, conversation_id: UUID) -> bool:
        """Delete the conversation, what is queued of it, and what comes later; False where there was none.

        Raises StorageUnavailable where it is not in the queue alone and the storage is away: what was begun
        is then done when the storage is back.
        """
        queued = self._queue.lane(conversation_id)
        whole = _whole(queued)
        if self._queue.outage and not whole:
            raise self._unavailable()
        self._remember_deleted(conversation_id)
        self._queue.drop(conversation_id)
        deleted = await self._queue.submit(Delete(conversation_id))
        if deleted is None and not whole:
            raise self._unavailable()
        return bool(deleted) or whole

    def forget(self, conversation_id: UUID) -> None:
        """A conversation was deleted by another process: drop what is queued of it and what comes later."""
        self._remember_deleted(conversation_id)
        if self._queue.lane(conversation_id):
            self._queue.drop(conversation_id)
            # What is being tried at the moment may still be written.
            self._queue.defer(Delete(conversation_id))

    def wake(self) -> None:
        """The storage is connected again: write what is queued now."""
        self._queue.wake()

    async def close(self, timeout: float) -> int:
        """Try for `timeout` seconds to write what is queued; how many writes were lost."""
        return await self._queue.close(timeout)

    def _remember_deleted(self, conversation_id: UUID) -> None:
        self._deleted[conversation_id] = None
        if len(self._deleted) > REMEMBERED_DELETIONS:
            self._deleted.popitem(last=False)

    def _unavailable(self) -> StorageUnavailable:
        return StorageUnavailable(service="postgres", reason=self._queue.reason)


def _whole(queued: Sequence[Write]) -> bool:
    """Whether all of a conversation is in the queue, so that nobody need ask the storage for it."""
    return bool(queued) and isinstance(queued[0], Begin) and queued[0].first
