"""When a question and its answer are stored."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from ragspace.chat.answer import Answer
from ragspace.chat.question import Question
from ragspace.conversations.journal import Journal
from ragspace.conversations.records import Message, Status

KEPT_WITHIN_SECONDS = 0.25
"""A question is stored when its answer begins, or so long after it came: in the meantime others that came
with it are on their way to the model, and nobody knows of its conversation yet."""


class Keeping:
    """Stores `question` and the `answer` to it, once it is taken."""

    def __init__(self, journal: Journal, question: Question, answer: Answer) -> None:
        self._journal = journal
        self._question = question
        self._answer = answer
        self.asked_at = datetime.now(UTC)
        self._timer: asyncio.TimerHandle | None = None
        self._begun = False

    @property
    def first(self) -> bool:
        """Whether the question opens its conversation."""
        return self._answer.conversation_id != self._question.conversation_id

    def take(self) -> None:
        """The question's conversation is known: it will be stored, whatever comes of it."""
        self._timer = asyncio.get_running_loop().call_later(KEPT_WITHIN_SECONDS, self.begin)

    def begin(self) -> None:
        """Have the question stored, where that has not begun."""
        if self._timer is None or self._begun:
            return
        self._timer.cancel()
        self._begun = True
        asked = Message(
            id=uuid4(),
            conversation_id=self._answer.conversation_id,
            role="user",
            content=self._question.message,
            created_at=self.asked_at,
        )
        # Without a text: by that a replica that takes over knows what was lost with the one that wrote.
        self._journal.begin(asked, self._answered("running"), first=self.first)

    async def finish(
        self, status: Status, sources: Sequence[dict[str, Any]], details: Mapping[str, Any]
    ) -> None:
        """Store the answer after its question, where that was taken. Raises what the journal raises."""
        if self._timer is None:
            return
        self.begin()
        told = {**details, "mode": self._question.mode}
        if self._answer.failure is not None:
            told["error"] = self._answer.failure.code
        await self._journal.finish(
            self._answered(status, content=self._answer.text, sources=list(sources), details=told)
        )

    def _answered(self, status: Status, *, content: str = "", **told: Any) -> Message:
        return Message(
            id=self._answer.message_id,
            conversation_id=self._answer.conversation_id,
            role="assistant",
            content=content,
            # One microsecond apart, so that a question always sorts before its answer.
            created_at=self.asked_at + timedelta(microseconds=1),
            status=status,
            **told,
        )
