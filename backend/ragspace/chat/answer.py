"""One answer: its numbered events, which any number of listeners read, and the task that makes them."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Literal
from uuid import UUID

import structlog

from ragspace.chat import events
from ragspace.errors import RagspaceError, ShuttingDown
from ragspace.models.protocols import Finish

log = structlog.get_logger(__name__)

Interruption = Literal["stopped", "shutting_down"]

FIRST_EVENT_SECONDS = 60.0
"""The interval at which a wait for the first event begins anew; whatever it depends on has shorter times."""

_FRAME_OVERHEAD = 48
"""Bytes that Python takes for an event besides what is in it."""


class Answer:
    """The events of one answer, buffered from the first to the last, and the task that makes them."""

    def __init__(self, message_id: UUID, conversation_id: UUID) -> None:
        self.message_id = message_id
        self.conversation_id = conversation_id
        self.frames: list[bytes] = []
        self._frame_id = events.frame_id(message_id)
        self.text = ""
        self.ended = False
        self.failure: RagspaceError | None = None
        self.interruption: Interruption | None = None
        self.lost = False
        """Whether it was ended by others, because the replica that wrote it is gone."""
        self.spent: Finish | None = None
        """What the model said at its end, with the tokens that it took."""
        self.on_change: Callable[[Answer], None] | None = None
        """Called after each event and at the end; must return at once."""
        self._sealed = False
        self._task: asyncio.Task[None] | None = None
        self._first_token = False
        self._listeners: set[asyncio.Future[None]] = set()

    @property
    def begun(self) -> bool:
        """Whether its first token, its failure or its end is there: then the response's status is known."""
        return self._first_token or self.ended or self.failure is not None

    @property
    def size(self) -> int:
        """Bytes of memory that its events take."""
        return sum(map(len, self.frames)) + _FRAME_OVERHEAD * len(self.frames)

    def publish(self, event: events.Event) -> None:
        """Number the event, keep it and wake whoever listens."""
        self.frames.append(self.frame(len(self.frames) + 1, event))
        self._wake()

    def frame(self, number: int, event: events.Event) -> bytes:
        """The event as this answer's event of that number."""
        return events.frame(self._frame_id, number, event)

    def relay(self, frames: Iterable[bytes]) -> None:
        """Publish events that were numbered and serialised elsewhere."""
        self.frames.extend(frames)
        self._wake()

    def write(self, text: str) -> None:
        """Publish the next piece of the answer's text."""
        self.text += text
        self._first_token = True
        self.publish(events.token(text))

    def fail(self, failure: RagspaceError) -> None:
        """Publish the error that ends the stream."""
        # It is kept as long as the answer; its traceback would keep every object that it came past.
        failure.__context__ = failure.__cause__ = None
        self.failure = failure.with_traceback(None)
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

    def when_finished(self, told: Callable[[], None]) -> None:
        """Call `told` when the task that writes this answer is over; not for one written elsewhere."""
        if self._task is not None:
            self._task.add_done_callback(lambda _: told())

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
        if self.on_change is not None:
            self.on_change(self)


def _resolve(changed: asyncio.Future[None]) -> None:
    if not changed.done():
        changed.set_result(None)
