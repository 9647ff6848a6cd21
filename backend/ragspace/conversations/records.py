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


class Conversations(Protocol):
    """The repository: the only place that speaks SQL.

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
