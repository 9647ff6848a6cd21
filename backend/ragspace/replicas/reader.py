"""Hears what the other replicas tell: the events of answers that are followed here, and signals to all.

One connection waits for all of it together. What is to be followed in addition ends the wait through a stream
of this replica's own.
"""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

import structlog

from ragspace.chat import events
from ragspace.chat.answer import Answer
from ragspace.errors import MessageNotFound, RagspaceError, StorageUnavailable
from ragspace.replicas import keys
from ragspace.replicas.link import Away, Link, Redis
from ragspace.replicas.recording import Entry, Recording

log = structlog.get_logger(__name__)

SILENT_SECONDS = 180.0
"""After so long without an event a followed answer is given up: whoever writes it would have ended it."""

CANNOT_FOLLOW = "This answer cannot be followed right now, but it goes on. Please come back in a moment."


class Reader:
    """`patience` is how many seconds an outage may last before the streams that wait for Redis are ended;
    `on_signal` is given the kind and the id of each signal that another replica gave."""

    def __init__(
        self, link: Link, replica: str, patience: float, on_signal: Callable[[str, UUID], None]
    ) -> None:
        self._link = link
        self._replica = replica.encode()
        self._wake_key = keys.wake(replica)
        self._patience = patience
        self._on_signal = on_signal
        self._followed: dict[UUID, Recording] = {}
        self._heard_at: dict[UUID, float] = {}
        self._signals_seen: bytes | None = None
        self._wakes_seen: bytes = b"0-0"

    async def follow(self, message_id: UUID, seen: int) -> Answer | None:
        recording = self._followed.get(message_id) or await self._begin(message_id)
        if recording is None:
            return None
        answer = recording.answer
        deadline = asyncio.get_running_loop().time() + self._patience
        while len(answer.frames) < seen and not answer.ended:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or not await answer.wait(len(answer.frames), left):
                break
        return answer

    async def read(self, message_id: UUID) -> Recording | None:
        """The answer as Redis has it now; None where it has none, or not the whole. Raises Away."""
        recording = await self._link.call(read_answer, message_id)
        return recording if recording.answer.frames and recording.whole else None

    async def _begin(self, message_id: UUID) -> Recording | None:
        try:
            recording = await self.read(message_id)
            if recording is None or recording.answer.ended:
                return recording
            # Another request may have been faster.
            recording = self._followed.setdefault(message_id, recording)
            self._heard_at[message_id] = asyncio.get_running_loop().time()
            await self._link.call(self._wake)
        except Away:
            return None
        return recording

    async def _wake(self, redis: Redis) -> None:
        await redis.xadd(self._wake_key, {"w": 1}, maxlen=1, approximate=False)

    def release(self, why: RagspaceError) -> None:
        """End all followed answers with `why`."""
        for message_id in list(self._followed):
            self._give_up(message_id, why)

    def forget(self, conversation_id: UUID) -> None:
        for message_id, recording in list(self._followed.items()):
            if recording.answer.conversation_id == conversation_id:
                self._give_up(message_id, MessageNotFound())

    def _give_up(self, message_id: UUID, why: RagspaceError) -> None:
        """The last event is told once more under its own id: that of the next one is another's to use."""
        answer = self._drop(message_id).answer
        answer.relay([answer.frame(len(answer.frames), events.error(why))])
        answer.end()

    def _drop(self, message_id: UUID) -> Recording:
        self._heard_at.pop(message_id, None)
        return self._followed.pop(message_id)

    async def run(self) -> None:
        while True:
            if not await self._link.until_connected(self._patience):
                self.release(StorageUnavailable(CANNOT_FOLLOW, service="postgres", retry_after=2))
                continue
            try:
                if self._signals_seen is None:
                    self._signals_seen = await self._link.call(_newest_signal)
                found = await self._link.wait_for(self._wait)
            except Away:
                continue
            for key, entries in found:
                self._hear(key.decode(), entries)
            self._give_up_silent()

    async def _wait(self, redis: Redis, milliseconds: int) -> Sequence[tuple[bytes, list[Entry]]]:
        streams = {keys.SIGNALS: self._signals_seen or b"0-0", self._wake_key: self._wakes_seen}
        streams |= {keys.answer(key): recording.cursor for key, recording in self._followed.items()}
        found: Sequence[tuple[bytes, list[Entry]]] = await redis.xread(streams, block=milliseconds)
        return found or ()

    def _hear(self, key: str, entries: list[Entry]) -> None:
        if key == self._wake_key:
            self._wakes_seen = entries[-1][0]
        elif key == keys.SIGNALS:
            self._signals_seen = entries[-1][0]
            for _, signal in entries:
                if signal[b"by"] != self._replica:
                    self._on_signal(signal[b"kind"].decode(), UUID(signal[b"about"].decode()))
        else:
            self._hear_answer(UUID(key.rpartition(":")[2]), entries)

    def _hear_answer(self, message_id: UUID, entries: list[Entry]) -> None:
        recording = self._followed.get(message_id)
        if recording is None:
            return
        self._heard_at[message_id] = asyncio.get_running_loop().time()
        recording.add(entries)
        if recording.answer.ended:
            self._drop(message_id)
        elif not recording.whole:
            self._give_up(message_id, StorageUnavailable(CANNOT_FOLLOW, service="postgres", retry_after=2))

    def _give_up_silent(self) -> None:
        before = asyncio.get_running_loop().time() - SILENT_SECONDS
        for message_id, heard_at in list(self._heard_at.items()):
            if heard_at < before:
                self._give_up(message_id, StorageUnavailable(CANNOT_FOLLOW, service="postgres"))


async def read_answer(redis: Redis, message_id: UUID) -> Recording:
    return Recording(message_id, await redis.xrange(keys.answer(message_id)))


async def _newest_signal(redis: Redis) -> bytes:
    newest = await redis.xrevrange(keys.SIGNALS, count=1)
    return newest[0][0] if newest else b"0-0"
