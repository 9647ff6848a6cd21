"""Several replicas of the service as one, over Redis."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import structlog

from ragspace.chat.answer import Answer
from ragspace.errors import RagspaceError
from ragspace.replicas import keys
from ragspace.replicas.link import Away, Link, Redis
from ragspace.replicas.quota import SharedQuotaLedger
from ragspace.replicas.rate_limits import SharedWindows
from ragspace.replicas.reader import Reader
from ragspace.replicas.roll import Keep, Roll
from ragspace.replicas.writer import Writer

log = structlog.get_logger(__name__)

TOLD_SECONDS = 0.25
"""How long the head of an answer waits until the other replicas know of it; usually it is a millisecond."""

MAX_WAITING_SIGNALS = 1000
FLUSH_SECONDS = 2.0


class RedisRelay:
    """Implements `Relay` over Redis at `url`.

    A replica without a sign of life for `lost_seconds` counts as dead. `stop_answer` and
    `forget_conversation` do here what another replica was asked for; `keep` stores the end of a dead one's
    answer.
    """

    def __init__(
        self,
        url: str,
        lost_seconds: float,
        *,
        stop_answer: Callable[[UUID], None],
        forget_conversation: Callable[[UUID], None],
        keep: Keep,
    ) -> None:
        self._replica = replica = uuid4().hex
        self.link = Link(url)
        self.quota = SharedQuotaLedger(self.link)
        self._writer = Writer(self.link, replica)
        # A sign of life is due, then it is overdue, then somebody looks: after that the end is there.
        self._reader = Reader(self.link, replica, lost_seconds * 1.5 + 1, self._signalled)
        self._roll = Roll(self.link, replica, lost_seconds, keep)
        self._stop_answer = stop_answer
        self._forget_conversation = forget_conversation
        self._unsent: deque[tuple[str, UUID]] = deque(maxlen=MAX_WAITING_SIGNALS)
        self._sending: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.link.on_connected.append(self._send_signals_later)

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self.link.open()
        for work in (self._writer.run(), self._reader.run(), self._roll.run()):
            task = asyncio.create_task(work)
            task.add_done_callback(_ended)
            self._tasks.append(task)

    async def close(self) -> None:
        """Send what is still to be told, take leave, disconnect."""
        await self._writer.flush(FLUSH_SECONDS)
        await self._roll.leave()
        tasks = [*self._tasks, *([self._sending] if self._sending else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.link.close()

    def rate_limits(self) -> SharedWindows:
        """A storage for the windows of rate limits."""
        return SharedWindows(self.link)

    def report(self) -> dict[str, Any]:
        """What health tells of it."""
        return self.link.report() | {"present": self._roll.present}

    def changed(self, answer: Answer) -> None:
        self._writer.changed(answer)

    async def told(self, answer: Answer) -> None:
        await self._writer.told(answer, TOLD_SECONDS)

    async def follow(self, message_id: UUID, seen: int) -> Answer | None:
        return await self._reader.follow(message_id, seen)

    async def read(self, message_id: UUID) -> Answer | None:
        try:
            recording = await self._reader.read(message_id)
        except Away:
            return None
        return recording.read() if recording else None

    async def stop(self, message_id: UUID) -> bool:
        try:
            known = await self.link.call(_exists, keys.answer(message_id))
        except Away:
            # Whoever writes it may be reached later; that nothing is known of it is not known here.
            self._unsent.append(("stop", message_id))
            return False
        if known:
            await self._signal("stop", message_id)
        return known

    async def forget(self, conversation_id: UUID) -> None:
        self._reader.forget(conversation_id)
        await self._signal("forget", conversation_id)

    def release(self, why: RagspaceError) -> None:
        self._reader.release(why)

    async def _signal(self, kind: str, about: UUID) -> None:
        self._unsent.append((kind, about))
        await self._send_signals()

    def _send_signals_later(self) -> None:
        if self._unsent and (self._sending is None or self._sending.done()):
            self._sending = asyncio.create_task(self._send_signals())

    async def _send_signals(self) -> None:
        """What cannot be sent now is sent when Redis is back."""
        while self._unsent:
            kind, about = self._unsent.popleft()
            try:
                if kind != "stop":
                    await self._remove(about)
                if kind != "remove":
                    await self.link.call(_send_signal, kind, about, self._replica)
            except Away:
                self._unsent.appendleft((kind, about))
                return

    async def _remove(self, conversation_id: UUID) -> None:
        """Remove all that Redis holds of a conversation, as far as it was sent. Raises Away."""
        answers = self._writer.forget(conversation_id)
        async with self._writer.sending:
            await self.link.call(_remove, conversation_id, answers, self._replica)

    def _signalled(self, kind: str, about: UUID) -> None:
        if kind == "stop":
            self._stop_answer(about)
        elif kind == "forget":
            self._reader.forget(about)
            self._forget_conversation(about)
            # Something of it may have been sent on after the other replica had removed it.
            self._unsent.append(("remove", about))
            self._send_signals_later()


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("the replicas are no longer joined", exc_info=task.exception())


async def _exists(redis: Redis, key: str) -> bool:
    return bool(await redis.exists(key))


async def _send_signal(redis: Redis, kind: str, about: UUID, by: str) -> None:
    signal = {"kind": kind, "about": str(about), "by": by}
    await redis.xadd(keys.SIGNALS, signal, maxlen=keys.MAX_SIGNALS, approximate=True)
    await redis.expire(keys.SIGNALS, keys.SIGNALS_SECONDS)


async def _remove(redis: Redis, conversation_id: UUID, answers: list[UUID], replica: str) -> None:
    """`answers` are those known of besides the ones that are noted; they are, or were, of `replica`."""
    key = keys.conversation(conversation_id)
    noted = [UUID(value.decode()) for value in await redis.smembers(key)]
    gone = {*noted, *answers}
    await redis.delete(key, *map(keys.answer, gone))
    if gone:
        await redis.srem(keys.running(replica), *map(str, gone))
