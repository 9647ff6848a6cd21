"""Which replicas are there, and what is done for those that died: their answers get an end.

Each replica gives a sign of life in short intervals. When another's stays away, whoever notices ends each
answer that it was writing, in Redis, so that its listeners everywhere are told, and in the database.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import structlog

from ragspace.conversations.records import Message
from ragspace.errors import StorageUnavailable
from ragspace.replicas import keys, recording
from ragspace.replicas.link import Away, Link, Redis
from ragspace.replicas.reader import read_answer

log = structlog.get_logger(__name__)

SIGNS = 3
"""How often a replica gives a sign in the time after which it counts as dead."""

Keep = Callable[[Message], Awaitable[object]]
"""Keeps an answer's end unless the database has one. Raises StorageUnavailable."""


class Roll:
    """A replica without a sign of life for `lost_seconds` counts as dead."""

    def __init__(self, link: Link, replica: str, lost_seconds: float, keep: Keep) -> None:
        self._link = link
        self._replica = replica
        self._lost_seconds = lost_seconds
        self._keep = keep
        self._signed = asyncio.Event()
        link.on_connected.append(self._signed.set)
        self.present = 1
        """How many replicas there are, this one included."""

    async def run(self) -> None:
        while True:
            try:
                dead = await self._link.call(self._call_the_roll)
                # After an outage of Redis everybody's sign is overdue: the others get as long as ever.
                if self._link.connected_seconds > self._lost_seconds:
                    for replica in dead:
                        await self._bury(replica)
            except Away:
                self.present = 1
            except Exception:
                log.exception("the roll of the replicas could not be called")
            self._signed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._signed.wait(), self._lost_seconds / SIGNS)

    async def leave(self) -> None:
        """Take this replica from the roll; what it did not end is ended by the others at once."""

        async def last(redis: Redis) -> None:
            await redis.delete(keys.alive(self._replica), keys.wake(self._replica))
            if not await redis.scard(keys.running(self._replica)):
                await redis.srem(keys.REPLICAS, self._replica)

        with contextlib.suppress(Away):
            await self._link.call(last)

    async def _call_the_roll(self, redis: Redis) -> list[str]:
        """Sign, and find the dead."""
        async with redis.pipeline(transaction=False) as pipeline:
            pipeline.set(keys.alive(self._replica), 1, px=int(self._lost_seconds * 1000))
            pipeline.sadd(keys.REPLICAS, self._replica)
            pipeline.expire(keys.REPLICAS, keys.RUNNING_SECONDS)
            pipeline.expire(keys.running(self._replica), keys.RUNNING_SECONDS)
            pipeline.expire(keys.wake(self._replica), keys.SIGNALS_SECONDS)
            pipeline.smembers(keys.REPLICAS)
            signed: list[Any] = await pipeline.execute()
        others = sorted({name.decode() for name in signed[-1]} - {self._replica})
        signs = await redis.mget([keys.alive(name) for name in others]) if others else []
        dead = [name for name, sign in zip(others, signs, strict=True) if sign is None]
        self.present = 1 + len(others) - len(dead)
        return dead

    async def _bury(self, replica: str) -> None:
        """End what `replica` left running. What cannot be kept now is tried again next time."""
        running = await self._link.call(_members, keys.running(replica))
        if running:
            log.warning("a replica is gone: its answers are ended", count=len(running))
        for message_id in running:
            try:
                await self._end(UUID(message_id))
            except StorageUnavailable:
                return
            await self._link.call(_remove, keys.running(replica), message_id)
        await self._link.call(_remove, keys.REPLICAS, replica)

    async def _end(self, message_id: UUID) -> None:
        left = await self._link.call(read_answer, message_id)
        if not left.answer.frames or not left.whole:
            return
        if not left.answer.ended:
            await self._link.call(_seal, keys.answer(message_id), left.end_as_lost())
            left = await self._link.call(read_answer, message_id)
        await self._keep(left.message())


async def _members(redis: Redis, key: str) -> list[str]:
    return [member.decode() for member in await redis.smembers(key)]


async def _remove(redis: Redis, key: str, member: str) -> None:
    await redis.srem(key, member)


async def _seal(redis: Redis, key: str, fields: recording.Fields) -> None:
    from redis.exceptions import ResponseError

    try:
        await redis.xadd(key, fields, id=recording.END, nomkstream=True)
        await redis.expire(key, keys.ENDED_SECONDS)
    except ResponseError as error:
        # Somebody else was faster: so it has its end.
        if recording.IS_THERE not in str(error):
            raise
