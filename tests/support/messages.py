"""Questions and answers for the tests of what is kept of them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from ragspace.conversations.records import Message

SOURCES: list[dict[str, Any]] = [
    {"file": "docs/sensors.md", "heading": "Sensors > LiDAR", "similarity": 0.82, "index": 1}
]
DETAILS: dict[str, Any] = {"finish_reason": "stop", "cited": [1], "model": "some-model", "mode": "general"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its answer while it runs, and its answer's end."""

    question: Message
    running: Message
    answer: Message

    @property
    def conversation_id(self) -> UUID:
        return self.question.conversation_id


def asked(
    question: str = "What is LiDAR?",
    answer: str = "A sensor [1].",
    *,
    conversation_id: UUID | None = None,
    minutes_ago: float = 0,
    **changes: Any,
) -> Asked:
    """`changes` are fields of the answer's end."""
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    conversation_id = conversation_id or uuid4()
    said = Message(uuid4(), conversation_id, "user", question, at)
    running = Message(
        uuid4(), conversation_id, "assistant", "", at + timedelta(microseconds=1), status="running"
    )
    end = replace(running, content=answer, sources=SOURCES, status="complete", details=DETAILS)
    return Asked(said, running, replace(end, **changes))
