"""The writes of a conversation: done in the database, and, while they wait for it, seen by its readers."""

from dataclasses import dataclass, replace
from uuid import UUID

from ragspace.conversations.records import Conversations, Message, Rating

Messages = dict[UUID, Message]
"""Messages of one conversation by their ids."""


@dataclass(frozen=True, slots=True)
class Begin:
    """`first` says that the question opens its conversation: there is nothing of it in the database."""

    question: Message
    answer: Message
    first: bool = False

    @property
    def conversation_id(self) -> UUID:
        return self.question.conversation_id

    @property
    def message_id(self) -> UUID:
        """The answer's."""
        return self.answer.id

    def apply(self, messages: Messages) -> None:
        for message in (self.question, self.answer):
            messages.setdefault(message.id, message)

    def joined(self, following: "Write") -> "Begin | None":
        """The two as one, where the `following` is the end of the answer."""
        if isinstance(following, Finish) and following.message_id == self.message_id:
            return replace(self, answer=following.answer)
        return None

    async def run(self, conversations: Conversations) -> bool:
        await conversations.begin(self.question, self.answer)
        return True


@dataclass(frozen=True, slots=True)
class Finish:
    answer: Message

    @property
    def conversation_id(self) -> UUID:
        return self.answer.conversation_id

    @property
    def message_id(self) -> UUID:
        return self.answer.id

    def apply(self, messages: Messages) -> None:
        kept = messages.get(self.answer.id, self.answer)
        messages[kept.id] = replace(
            kept,
            content=self.answer.content,
            sources=self.answer.sources,
            status=self.answer.status,
            details=self.answer.details,
        )

    async def run(self, conversations: Conversations) -> bool:
        await conversations.finish(self.answer)
        return True


@dataclass(frozen=True, slots=True)
class Rate:
    conversation_id: UUID
    message_id: UUID
    rating: Rating
    comment: str | None

    def apply(self, messages: Messages) -> None:
        if self.message_id in messages:
            messages[self.message_id] = replace(messages[self.message_id], rating=self.rating)

    async def run(self, conversations: Conversations) -> bool:
        return await conversations.rate(self.message_id, self.rating, self.comment)


@dataclass(frozen=True, slots=True)
class Delete:
    conversation_id: UUID
    message_id: None = None

    def apply(self, messages: Messages) -> None:
        messages.clear()

    async def run(self, conversations: Conversations) -> bool:
        return await conversations.delete(self.conversation_id)


Write = Begin | Finish | Rate | Delete
