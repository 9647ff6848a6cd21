"""Running answers: each is a task of its own whose numbered events any number of listeners read.

A listener that goes away stops nothing: the answer is finished and stored all the same, and its events stay
for a while, so that whoever comes back goes on with the next one.
"""

import asyncio
from collections.abc import Coroutine
from uuid import UUID

from ragspace.chat.answer import Answer
from ragspace.chat.relay import Relay
from ragspace.errors import InvalidEventId, RateLimited, ShuttingDown

KEPT_SECONDS = 300.0
"""How long the events of a finished answer can be resumed from memory; afterwards from storage."""

KEPT_ANSWERS = 1000
"""How many finished answers are kept at most; the oldest go first."""

KEPT_BYTES = 32 * 1024 * 1024
"""How much memory the events of finished answers may take; here, too, the oldest go first."""


class Answers:
    """All running answers and, for a while, the finished ones, by message id.

    With a `relay` those of the other replicas, too.
    """

    def __init__(
        self,
        max_running: int,
        kept_seconds: float = KEPT_SECONDS,
        *,
        kept_bytes: int = KEPT_BYTES,
        relay: Relay | None = None,
    ) -> None:
        self._max_running = max_running
        self._kept_seconds = kept_seconds
        self._kept_bytes = kept_bytes
        self._relay = relay
        self._answers: dict[UUID, Answer] = {}
        self._running: dict[asyncio.Task[None], Answer] = {}
        self._finished_sizes: dict[UUID, int] = {}
        self._finished_bytes = 0
        self._forgetting: dict[UUID, asyncio.TimerHandle] = {}
        self._drain: asyncio.Task[None] | None = None

    @property
    def running(self) -> int:
        """How many answers are being written here."""
        return len(self._running)

    @property
    def draining(self) -> bool:
        """Whether no answer is started any more."""
        return self._drain is not None

    def admit(self) -> None:
        """Raises ShuttingDown or RateLimited when no answer may be started now."""
        if self._drain is not None:
            raise ShuttingDown(retry_after=5)
        if len(self._running) >= self._max_running:
            raise RateLimited(retry_after=5)

    def start(self, answer: Answer, work: Coroutine[None, None, None]) -> None:
        """Run `work`, which writes `answer`, and keep the answer for whoever comes back to it."""
        self._answers[answer.message_id] = answer
        if self._relay is not None:
            answer.on_change = self._relay.changed
        task = answer.run(work)
        self._running[task] = answer
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        answer = self._running.pop(task)
        message_id = answer.message_id
        if message_id in self._answers:
            self._finished_sizes[message_id] = size = answer.size
            self._finished_bytes += size
            loop = asyncio.get_running_loop()
            self._forgetting[message_id] = loop.call_later(self._kept_seconds, self.forget, message_id)
        while self._finished_sizes and (
            len(self._finished_sizes) > KEPT_ANSWERS or self._finished_bytes > self._kept_bytes
        ):
            self.forget(next(iter(self._finished_sizes)))

    def get(self, message_id: UUID) -> Answer | None:
        """An answer that is or was written here."""
        return self._answers.get(message_id)

    async def read(self, message_id: UUID) -> Answer | None:
        """A running answer as it is now, wherever it is written."""
        answer = self._answers.get(message_id)
        if answer is None and self._relay is not None:
            return await self._relay.read(message_id)
        return answer

    async def told(self, answer: Answer) -> None:
        """Wait, a moment at most, until a client may go to any replica with the answer's id."""
        if self._relay is not None:
            await self._relay.told(answer)

    async def resume(self, message_id: UUID, seen: int) -> tuple[Answer, int] | None:
        """The answer with this id, here or elsewhere, and how many of its events a client that has `seen`
        leaves out. None where it is not known, or no longer. Raises InvalidEventId where fewer were sent."""
        answer = self._answers.get(message_id)
        if answer is None and self._relay is not None:
            answer = await self._relay.follow(message_id, seen)
        if answer is None:
            return None
        if answer.lost:
            # What the replica sent last may be lost with it; its end must be told all the same.
            seen = min(seen, len(answer.frames) - 1)
        if seen > len(answer.frames):
            raise InvalidEventId()
        return answer, seen

    async def stop(self, message_id: UUID) -> bool:
        """Stop the answer, here or elsewhere; False where it is not known."""
        answer = self._answers.get(message_id)
        if answer is not None:
            answer.interrupt("stopped")
            return True
        return self._relay is not None and await self._relay.stop(message_id)

    def forget(self, message_id: UUID) -> None:
        self._answers.pop(message_id, None)
        self._finished_bytes -= self._finished_sizes.pop(message_id, 0)
        timer = self._forgetting.pop(message_id, None)
        if timer is not None:
            timer.cancel()

    def forget_conversation(self, conversation_id: UUID) -> None:
        """Stop and forget every answer of a conversation that was deleted."""
        for answer in [a for a in self._answers.values() if a.conversation_id == conversation_id]:
            answer.on_change = None
            answer.interrupt("stopped")
            self.forget(answer.message_id)

    async def forget_everywhere(self, conversation_id: UUID) -> None:
        """The same at every replica."""
        self.forget_conversation(conversation_id)
        if self._relay is not None:
            await self._relay.forget(conversation_id)

    def drain(self, seconds: float, grace: float = 5.0) -> "asyncio.Task[None]":
        """From here on no answer is started; running ones get `seconds` to finish, the rest are ended and
        stored within `grace` seconds. Asked again, it is the same drain."""
        if self._drain is None:
            self._drain = asyncio.create_task(self._drained(seconds, grace))
        return self._drain

    async def _drained(self, seconds: float, grace: float) -> None:
        if self._running:
            await asyncio.wait(set(self._running), timeout=seconds)
        for answer in list(self._running.values()):
            answer.interrupt("shutting_down")
        if self._running:
            await asyncio.wait(set(self._running), timeout=grace)
        if self._relay is not None:
            self._relay.release(ShuttingDown(retry_after=5))
