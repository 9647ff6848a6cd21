"""What was said: the records that are kept, and the repository that keeps them, as the chat sees it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

Role = Literal["user", "assistant"]
Status = Literal["running", "complete", "incomplete", "stopped", "failed"]
Rating = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation. Times are UTC, timezone-aware.

    `sources` is the list that the `done` event carried (None for questions). `details` holds what else of
    `done` a replay must tell again (`finish_reason`, `cited`, `suggestions`, `model`, `mode`).
    """

    id: UUID
    conversation_id: UUID
    role: Role
    content: str
    created_at: datetime
    sources: list[dict[str, Any]] | None = None
    status: Status = "complete"
    rating: Rating | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question with the answer that it got."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """A complete answer that may be given again to whoever asks the same with the same passages.

    `question` is a hash of the question, `material` one of all else that the model was told (both as
    chat/answer_cache.py makes them), `model` the one that answered, `cited` the indexes of the passages that
    `content` cites. Of the question's own text nothing is kept. But an answer may repeat its reader's words,
    so that it belongs to `conversation_id`, for which it was written, and is deleted with it.
    """

    question: str
    material: str
    model: str
    content: str
    cited: list[int]
    conversation_id: UUID
    created_at: datetime


class AnswerStore(Protocol):
    """Where answers are kept for whoever asks the same again.

    Both methods raise StorageUnavailable(service="postgres"), or StatementRefused where the database has no
    table for it."""

    async def cached_answers(self, question: str, since: datetime) -> Sequence[CachedAnswer]:
        """Those to the question with this hash that were written at `since` or later, newest first."""
        ...

    async def cache_answer(self, answer: CachedAnswer, since: datetime, most: int) -> None:
        """Keep it, where its conversation still exists, in the place of one with the same hashes and model;
        drop what is older than `since`, and the oldest beyond the `most` that are kept."""
        ...


class Conversations(Protocol):
    """The repository: the only place that changes the database.

    Every method raises StorageUnavailable(service="postgres") with the reason when the database cannot do it.
    """

    @property
    def embedded(self) -> bool:
        """Whether this is the built-in SQLite (health says so as `mode: embedded`)."""
        ...

    async def open(self) -> None:
        """Connect; create or migrate the tables. Where that is done already, nothing.

        Raises ConfigurationError for rejected credentials, a missing database or a role that may not create
        the tables; StorageUnavailable where the database is unreachable, timed out or suspended (call again).
        """
        ...

    async def check(self) -> None:
        """One round trip to the database."""
        ...

    async def begin(self, question: Message, answer: Message) -> None:
        """Keep a question and its answer-to-come (status `running`), and their conversation, in one
        transaction. Saying it twice changes nothing."""
        ...

    async def finish(self, answer: Message) -> None:
        """Keep the answer's text, sources, status and details; its row is made where it is missing and its
        conversation still exists. Saying it twice changes nothing."""
        ...

    async def rescue(self, answer: Message) -> bool:
        """Keep what is known of an answer whose process died before it kept any text; False where it did,
        or where there is no such answer. Saying it twice changes nothing."""
        ...

    async def history(self, conversation_id: UUID, exchanges: int) -> list[Exchange] | None:
        """The last `exchanges` that have an answer's text, oldest first; None for an unknown conversation."""
        ...

    async def messages(self, conversation_id: UUID) -> Sequence[Message] | None:
        """All of a conversation in the order in which it was said; None for an unknown one."""
        ...

    async def message(self, message_id: UUID) -> Message | None:
        """One assistant message."""
        ...

    async def rate(self, message_id: UUID, rating: Rating, comment: str | None) -> bool:
        """False where there is no such assistant message."""
        ...

    async def delete(self, conversation_id: UUID) -> bool:
        """Delete the conversation and everything of it; False where there was none."""
        ...

    async def abandon_running(self, older_than: float) -> int:
        """Mark answers still `running` after `older_than` seconds as `incomplete`: their process is gone.

        Returns how many there were."""
        ...

    async def close(self) -> None: ...
