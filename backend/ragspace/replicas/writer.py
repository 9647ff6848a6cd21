"""Tells the other replicas of the answers that are written here.

Events are sent in batches, over all running answers at once: what comes while a batch is under way goes with
the next. The chat never waits for it. After each batch the writer rests for a multiple of the time that the
batch took, so that with hundreds of answers the batches grow, and the event loop is not theirs.
"""

import asyncio
import contextlib
from typing import Any
from uuid import UUID

from ragspace.chat.answer import Answer
from ragspace.replicas import keys, recording
from ragspace.replicas.link import Away, Link, Redis

REST = 3.0
"""The writer works for a quarter of the time at most."""

LONGEST_REST_S = 0.25

MAX_WAITING = 1000
"""Ended answers that are kept for a Redis that is away; the oldest go first."""

BATCH = 200
"""Answers in one batch: a larger one would hold the event loop for too long at once."""


class _Mirror:
    """An answer and how much of it Redis has: `sent` events and, at last, its end."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.sent = 0
        self.found = asyncio.Event()


class Writer:
    """`replica` is the id of this one."""

    def __init__(self, link: Link, replica: str) -> None:
        self._link = link
        self._replica = replica
        self._mirrors: dict[UUID, _Mirror] = {}
        self._changed: dict[UUID, _Mirror] = {}
        self._work = asyncio.Event()
        self._flushed = asyncio.Event()
        self.sending = asyncio.Lock()
        """Held while a batch is under way: what is removed under it stays removed."""
        link.on_connected.append(self._send_all_again)

    def changed(self, answer: Answer) -> None:
        mirror = self._mirrors.get(answer.message_id)
        if mirror is None:
            mirror = self._mirrors[answer.message_id] = _Mirror(answer)
        self._changed[answer.message_id] = mirror
        self._work.set()
        if answer.ended and not self._link.connected:
            waiting = [key for key, mirror in self._mirrors.items() if mirror.answer.ended]
            for message_id in waiting[:-MAX_WAITING]:
                self._drop(message_id)

    async def told(self, answer: Answer, seconds: float) -> None:
        """Wait until the first events of `answer` are in Redis, `seconds` at most."""
        mirror = self._mirrors.get(answer.message_id)
        if mirror is not None and self._link.connected:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(mirror.found.wait(), seconds)

    def forget(self, conversation_id: UUID) -> list[UUID]:
        """Send nothing more of a deleted conversation; the answers that this was about."""
        gone = [key for key, m in self._mirrors.items() if m.answer.conversation_id == conversation_id]
        for message_id in gone:
            self._drop(message_id)
        return gone

    def _drop(self, message_id: UUID) -> None:
        self._changed.pop(message_id, None)
        self._mirrors.pop(message_id).found.set()

    async def flush(self, seconds: float) -> None:
        """Wait until all is sent that there is, `seconds` at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._mirrors and self._link.connected:
                    self._flushed.clear()
                    self._work.set()
                    await self._flushed.wait()

    async def run(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            await self._work.wait()
            self._work.clear()
            started = clock()
            while self._changed:
                try:
                    async with self.sending:
                        batch = [self._changed.pop(key) for key in list(self._changed)[:BATCH]]
                        await self._link.call(self._send, batch)
                except Away:
                    # All is sent again once Redis is back.
                    self._changed.clear()
                    break
            self._flushed.set()
            await asyncio.sleep(min(REST * (clock() - started), LONGEST_REST_S))

    def _send_all_again(self) -> None:
        """Redis may have lost what it had, and what was under way may or may not have arrived."""
        for mirror in self._mirrors.values():
            mirror.sent = 0
        self._changed.update(self._mirrors)
        self._work.set()

    async def _send(self, redis: Redis, batch: list[_Mirror]) -> None:
        sent: list[tuple[_Mirror, int, bool]] = []
        async with redis.pipeline(transaction=False) as pipeline:
            for mirror in batch:
                if mirror.sent < len(mirror.answer.frames) or mirror.answer.ended:
                    sent.append((mirror, len(mirror.answer.frames), mirror.answer.ended))
                    self._add(pipeline, mirror)
            results: list[Any] = await pipeline.execute(raise_on_error=False) if sent else []
        for result in results:
            if isinstance(result, Exception) and recording.IS_THERE not in str(result):
                raise result
        if None in results:
            # Redis no longer has an answer that it had.
            self._send_all_again()
            return
        for mirror, count, ended in sent:
            mirror.sent = count
            mirror.found.set()
            if ended:
                self._mirrors.pop(mirror.answer.message_id, None)

    def _add(self, pipeline: Any, mirror: _Mirror) -> None:
        """Commands that may be repeated, or come in part, without harm."""
        answer = mirror.answer
        key, running = keys.answer(answer.message_id), keys.running(self._replica)
        if mirror.sent == 0:
            conversation = keys.conversation(answer.conversation_id)
            pipeline.sadd(conversation, str(answer.message_id))
            pipeline.expire(conversation, keys.RUNNING_SECONDS)
            pipeline.sadd(running, str(answer.message_id))
        pipeline.xadd(
            key,
            recording.fields(answer, mirror.sent),
            id=recording.END if answer.ended else recording.entry_id(len(answer.frames)),
            maxlen=keys.MAX_ENTRIES,
            approximate=True,
            nomkstream=mirror.sent > 0,
        )
        if mirror.sent == 0:
            pipeline.expire(key, keys.RUNNING_SECONDS)
        if answer.ended:
            pipeline.expire(key, keys.ENDED_SECONDS)
            pipeline.srem(running, str(answer.message_id))
