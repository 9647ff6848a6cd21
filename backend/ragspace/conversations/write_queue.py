"""The order in which conversations are written, and the wait for a storage that is away.

Each conversation has a lane, whose writes are done one after the other; lanes are written side by side. A
question that opens its lane may wait a while for its answer, to be written with it. The first write that the
storage cannot take starts an outage: its lane and all others stand still, and one write at a time is tried
again, at growing intervals or when woken. When one succeeds the lanes go on.
"""

import asyncio
import contextlib
import contextvars
import random
from collections import OrderedDict, deque
from dataclasses import dataclass
from uuid import UUID

import structlog

from ragspace.conversations.records import Conversations
from ragspace.conversations.writes import Begin, Write
from ragspace.errors import Reason, StorageUnavailable

log = structlog.get_logger(__name__)

CONCURRENT_WRITES = 1000
"""How many conversations are written side by side; the database commits them in groups."""

FIRST_RETRY_S = 0.25
LAST_RETRY_S = 10.0
"""The interval between the tries in an outage doubles from the first to the last."""


Settled = asyncio.Future[bool | None]
"""What a write returned, or None where it was left in the queue or dropped."""


@dataclass(eq=False, slots=True)
class _Queued:
    """`settled` ends the wait of who submitted it, `timer` at the latest."""

    write: Write
    settled: Settled
    timer: asyncio.TimerHandle
    tried: bool = False
    question: "_Queued | None" = None
    """What is written with it."""

    def settle(self, result: bool | None) -> None:
        self.timer.cancel()
        _settle(self.settled, result)
        if self.question is not None:
            self.question.settle(result)


def _settle(settled: Settled, result: bool | None) -> None:
    if not settled.done():
        settled.set_result(result)


def dropped() -> Settled:
    """Of a write that nobody will make."""
    settled: Settled = asyncio.get_running_loop().create_future()
    settled.set_result(None)
    return settled


class WriteQueue:
    """`timeout` bounds each try, and each wait of a caller; so long as `answer_awaited` a question waits for
    its answer. Both in seconds."""

    def __init__(self, conversations: Conversations, timeout: float, answer_awaited: float) -> None:
        self._conversations = conversations
        self._timeout = timeout
        self._answer_awaited = answer_awaited
        self._lanes: OrderedDict[UUID, deque[_Queued]] = OrderedDict()
        self._length = 0
        """How many writes are in all lanes."""
        self._writers: dict[UUID, asyncio.Task[None]] = {}
        self._awaiting: dict[UUID, asyncio.TimerHandle] = {}
        """The lanes whose one question waits for its answer."""
        self._slots = asyncio.Semaphore(CONCURRENT_WRITES)
        self._recovery: asyncio.Task[None] | None = None
        self._retry_s = FIRST_RETRY_S
        self._woken = asyncio.Event()
        self._closed = False
        self.reason: Reason = "unreachable"
        """Why the last write that the storage did not take was not taken."""

    @property
    def outage(self) -> bool:
        return self._recovery is not None

    @property
    def deferred(self) -> int:
        """How many writes nobody waits for any more, because the storage is away or slow."""
        return sum(queued.settled.done() for lane in self._lanes.values() for queued in lane)

    def defers(self, count: int) -> bool:
        """Whether so many writes are deferred, asked before every question: mostly hardly any is queued."""
        return self._length >= count and self.deferred >= count

    def lane(self, conversation_id: UUID) -> list[Write]:
        """What of a conversation is not known to be written, in order."""
        return [queued.write for queued in self._lanes.get(conversation_id, ())]

    def about(self, message_id: UUID) -> list[Write]:
        """What of an answer is not known to be written, in order."""
        return [
            queued.write
            for lane in self._lanes.values()
            for queued in lane
            if queued.write.message_id == message_id
        ]

    def submit(self, write: Write) -> Settled:
        """Write it after what is before it in its lane, whether anybody waits for that or not."""
        if self._closed:
            log.error("a write came after the end", write=type(write).__name__)
            return dropped()
        return self._append(write).settled

    def defer(self, write: Write) -> None:
        """The same for what nobody waits for."""
        self._append(write).settle(None)

    def _append(self, write: Write) -> _Queued:
        loop = asyncio.get_running_loop()
        settled: Settled = loop.create_future()
        queued = _Queued(write, settled, loop.call_later(self._timeout, _settle, settled, None))
        key = write.conversation_id
        self._lanes.setdefault(key, deque()).append(queued)
        self._length += 1
        if self.outage:
            queued.settle(None)
        elif self._answer_awaited and isinstance(write, Begin) and key not in self._writers:
            self._await_answer(key)
        else:
            self._start_writer(key)
        return queued

    def _await_answer(self, conversation_id: UUID) -> None:
        if conversation_id in self._awaiting:
            self._start_writer(conversation_id)
            return
        loop = asyncio.get_running_loop()
        self._awaiting[conversation_id] = loop.call_later(
            self._answer_awaited, self._start_writer, conversation_id
        )

    def drop(self, conversation_id: UUID) -> None:
        """Forget what is queued of a conversation. What is being tried at the moment may still be written,
        but before anything that is submitted afterwards."""
        lane = self._lanes.get(conversation_id, deque())
        for queued in lane:
            queued.settle(None)
        self._length -= len(lane)
        lane.clear()

    def wake(self) -> None:
        """Try again now: the storage is known to be back."""
        self._woken.set()

    async def close(self, timeout: float) -> int:
        """Try for `timeout` seconds to write what is queued; how many writes were lost."""
        self._closed = True
        if self._recovery is not None:
            self._recovery.cancel()
            await asyncio.gather(self._recovery, return_exceptions=True)
            self._recovery = None
        for conversation_id in self._lanes:
            self._start_writer(conversation_id)
        writers = list(self._writers.values())
        if writers:
            await asyncio.wait(writers, timeout=timeout)
        for writer in writers:
            writer.cancel()
        await asyncio.gather(*writers, return_exceptions=True)
        lost = self._length
        for conversation_id in self._lanes:
            self.drop(conversation_id)
        self._lanes.clear()
        if lost:
            log.error("writes were lost, since the storage is away", count=lost, reason=self.reason)
        return lost

    def _start_writer(self, conversation_id: UUID) -> None:
        self._await_no_longer(conversation_id)
        if conversation_id not in self._writers:
            self._writers[conversation_id] = asyncio.create_task(self._write_lane(conversation_id))

    def _await_no_longer(self, conversation_id: UUID) -> None:
        timer = self._awaiting.pop(conversation_id, None)
        if timer is not None:
            timer.cancel()

    async def _write_lane(self, conversation_id: UUID) -> None:
        lane = self._lanes[conversation_id]
        try:
            while lane and not self.outage:
                async with self._slots:
                    if lane and not self.outage and not await self._try_first_of(lane):
                        self._start_outage()
                        break
        finally:
            del self._writers[conversation_id]
            self._leave(conversation_id)

    def _leave(self, conversation_id: UUID) -> None:
        if not self._lanes[conversation_id]:
            del self._lanes[conversation_id]
            self._await_no_longer(conversation_id)
        if not self._lanes:
            self._retry_s = FIRST_RETRY_S

    async def _try_first_of(self, lane: deque[_Queued]) -> bool:
        """False where the storage cannot take it; what it refuses for another reason is dropped, since it
        would stand in the way of all that follows for ever."""
        self._join_answer(lane)
        queued = lane[0]
        queued.tried = True
        result = None
        try:
            async with asyncio.timeout(self._timeout):
                result = await queued.write.run(self._conversations)
        except StorageUnavailable as error:
            self.reason = error.reason
            return False
        except TimeoutError:
            self.reason = "timeout"
            return False
        except Exception as error:
            log.exception(
                "a write was dropped",
                write=type(queued.write).__name__,
                conversation_id=str(queued.write.conversation_id),
                sqlstate=getattr(error, "sqlstate", None),
            )
        if lane and lane[0] is queued:
            lane.popleft()
            self._length -= 1
        queued.settle(result)
        return True

    def _join_answer(self, lane: deque[_Queued]) -> None:
        """A question that was not tried yet is written with its answer, where that is there."""
        question, write = lane[0], lane[0].write
        if len(lane) == 1 or question.tried or not isinstance(write, Begin):
            return
        joined = write.joined(lane[1].write)
        if joined is not None:
            lane.popleft()
            self._length -= 1
            lane[0].write, lane[0].question = joined, question

    def _start_outage(self) -> None:
        for lane in self._lanes.values():
            for queued in lane:
                queued.settle(None)
        if self._recovery is None and not self._closed:
            log.warning("the storage is away: writes are queued", reason=self.reason)
            self._woken.clear()
            # Not in the context of the request whose write failed: the recovery is nobody's.
            self._recovery = asyncio.create_task(self._recover(), context=contextvars.Context())

    async def _recover(self) -> None:
        while self._lanes:
            await self._pause()
            waiting = ((key, lane) for key, lane in self._lanes.items() if lane and key not in self._writers)
            conversation_id, lane = next(waiting, (None, None))
            if conversation_id is None or lane is None:
                continue
            if await self._try_first_of(lane):
                self._leave(conversation_id)
                break
            # Another one's turn next, so that a write which never succeeds does not hold all up.
            self._lanes.move_to_end(conversation_id)
        self._recovery = None
        log.info("the storage is back", queued=self.deferred)
        for conversation_id in self._lanes:
            self._start_writer(conversation_id)

    async def _pause(self) -> None:
        jittered = random.uniform(self._retry_s / 2, self._retry_s)  # noqa: S311 (spreads load, hides nothing)
        self._retry_s = min(self._retry_s * 2, LAST_RETRY_S)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), jittered)
        self._woken.clear()
