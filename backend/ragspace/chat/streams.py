"""Running answers: each is a task of its own whose numbered events any number of listeners read.

A listener that goes away stops nothing: the answer is finished and stored all the same, and its events stay
for a while, so that whoever comes back goes on with the next one.
"""

import asyncio
from collections.abc import Coroutine
from typing import Literal
from uuid import UUID

import structlog

from ragspace.chat import events
from ragspace.errors import RagspaceError, RateLimited, ShuttingDown

log = structlog.get_logger(__name__)

Interruption = Literal["stopped", "shutting_down"]

KEPT_SECONDS = 300.0
"""How long the events of a finished answer can be resumed from memory; afterwards from storage."""

FIRST_EVENT_SECONDS = 60.0
"""The interval at which a wait for the first event begins anew; whatever it depends on has shorter times."""

KEPT_ANSWERS = 1000
"""How many finished answers are kept at most; the oldest go first."""


class Answer:
    """The events of one answer, buffered from the first to the last, and the task that makes them."""

    def __init__(self, message_id: UUID, conversation_id: UUID) -> None:
        self.message_id = message_id
        self.conversation_id = conversation_id
        self.frames: list[bytes] = []
        self.text = ""
        self.ended = False
        self.failure: RagspaceError | None = None
        self.interruption: Interruption | None = None
        self._sealed = False
        self._task: asyncio.Task[None] | None = None
        self._first_token = False
        self._listeners: set[asyncio.Future[None]] = set()

    @property
    def begun(self) -> bool:
        """Whether its first token, its failure or its end is there: then the response's status is known."""
        return self._first_token or self.ended or self.failure is not None

    def publish(self, event: events.Event) -> None:
        """Number the event, keep it and wake whoever listens."""
        self.frames.append(events.frame(self.message_id, len(self.frames) + 1, event))
        self._wake()

    def write(self, text: str) -> None:
        """Publish the next piece of the answer's text."""
        self.text += text
        self._first_token = True
        self.publish(events.token(text))

    def fail(self, failure: RagspaceError) -> None:
        """Publish the error that ends the stream."""
        self.failure = failure
        self.publish(events.error(failure))

    def end(self) -> None:
        """No event comes any more."""
        self.ended = True
        self._wake()

    def seal(self) -> None:
        """From here on the answer is being stored and can no longer be interrupted."""
        self._sealed = True

    def interrupt(self, why: Interruption) -> None:
        """End the answer where it is; without effect on one that is ending already."""
        if self._task is not None and not (self._sealed or self.interruption or self._task.done()):
            self.interruption = why
            self._task.cancel()

    def run(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Start the task that writes this answer; however it ends, the stream ends."""
        self._task = asyncio.create_task(work)
        self._task.add_done_callback(self._finished)
        return self._task

    def _finished(self, task: asyncio.Task[None]) -> None:
        if not self.ended:
            if self.failure is None:
                self.fail(ShuttingDown() if task.cancelled() else RagspaceError())
            self.end()
        if not task.cancelled() and task.exception() is not None:
            log.error("an answer's task failed", exc_info=task.exception(), message_id=str(self.message_id))

    async def wait(self, seen: int, seconds: float) -> bool:
        """Wait until there are more than `seen` events or none will come; False after `seconds`."""
        if len(self.frames) > seen or self.ended:
            return True
        loop = asyncio.get_running_loop()
        changed: asyncio.Future[None] = loop.create_future()
        timer = loop.call_later(seconds, _resolve, changed)
        self._listeners.add(changed)
        try:
            await changed
        finally:
            timer.cancel()
            self._listeners.discard(changed)
        return len(self.frames) > seen or self.ended

    async def wait_until_begun(self, seconds: float) -> None:
        """Wait for the first token or the end, `seconds` at most; but however long for the first event,
        which every stream begins with and which is not there before the conversation is known."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not self.begun:
            left = deadline - loop.time()
            if left <= 0 and self.frames:
                break
            await self.wait(len(self.frames), left if left > 0 else FIRST_EVENT_SECONDS)

    def _wake(self) -> None:
        for changed in self._listeners:
            _resolve(changed)


def _resolve(changed: asyncio.Future[None]) -> None:
    if not changed.done():
        changed.set_result(None)


class Answers:
    """All running answers and, for a while, the finished ones, by message id."""

    def __init__(self, max_running: int, kept_seconds: float = KEPT_SECONDS) -> None:
        self._max_running = max_running
        self._kept_seconds = kept_seconds
        self._answers: dict[UUID, Answer] = {}
        self._running: dict[asyncio.Task[None], Answer] = {}
        self._drain: asyncio.Task[None] | None = None

    def admit(self) -> None:
        """Raises ShuttingDown or RateLimited when no answer may be started now."""
        if self._drain is not None:
            raise ShuttingDown(retry_after=5)
        if len(self._running) >= self._max_running:
            raise RateLimited(retry_after=5)

    def start(self, answer: Answer, work: Coroutine[None, None, None]) -> None:
        """Run `work`, which writes `answer`, and keep the answer for whoever comes back to it."""
        self._answers[answer.message_id] = answer
        task = answer.run(work)
        self._running[task] = answer
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        answer = self._running.pop(task)
        asyncio.get_running_loop().call_later(self._kept_seconds, self.forget, answer.message_id)
        while len(self._answers) - len(self._running) > KEPT_ANSWERS:
            self.forget(next(kept.message_id for kept in self._answers.values() if kept.ended))

    def get(self, message_id: UUID) -> Answer | None:
        return self._answers.get(message_id)

    def forget(self, message_id: UUID) -> None:
        self._answers.pop(message_id, None)

    def forget_conversation(self, conversation_id: UUID) -> None:
        """Stop and forget every answer of a conversation that was deleted."""
        for answer in [a for a in self._answers.values() if a.conversation_id == conversation_id]:
            answer.interrupt("stopped")
            self.forget(answer.message_id)

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
