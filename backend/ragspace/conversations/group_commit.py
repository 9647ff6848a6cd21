"""Writes that come while others are being committed are committed together, in one transaction.

A transaction costs a database some round trips, or a thread and a file some switches, however little is
written in it: under load many writes share that cost.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from ragspace.conversations.records import Message
from ragspace.errors import StorageUnavailable

MOST_TOGETHER = 500
"""Writes in one transaction, so that whoever comes during it does not wait long. Under load a transaction
takes its time however little is written in it."""


@dataclass(eq=False, slots=True)
class Written:
    """One write: an answer's end or, with its `question`, its beginning. `done` says that it is committed."""

    answer: Message
    question: Message | None = None
    done: asyncio.Future[None] = field(default_factory=asyncio.Future)

    @property
    def conversation_id(self) -> UUID:
        return self.answer.conversation_id


class GroupCommit:
    """Has `commit` write groups, up to `at_once` side by side. A group holds a conversation only once,
    and a group is in the order of its conversations' ids, so that no two wait for each other's locks."""

    def __init__(self, commit: Callable[[Sequence[Written]], Awaitable[None]], at_once: int) -> None:
        self._commit = commit
        self._at_once = at_once
        self._waiting: list[Written] = []
        self._committing: set[asyncio.Task[None]] = set()

    async def write(self, written: Written) -> None:
        """Return when it is committed, which it may be also if the caller is cancelled.

        Raises what `commit` raises: StorageUnavailable for the whole group, all else for this write alone.
        """
        self._waiting.append(written)
        if len(self._committing) < self._at_once:
            # Not in the context of the request that happens to be first.
            task = asyncio.create_task(self._commit_waiting(), context=contextvars.Context())
            self._committing.add(task)
        await written.done

    async def _commit_waiting(self) -> None:
        try:
            while group := self._next_group():
                await self._committed(group)
        finally:
            # In the same step that found nothing waiting: what comes next starts a task of its own.
            self._committing.remove(asyncio.current_task())  # type: ignore[arg-type]

    def _next_group(self) -> list[Written]:
        group: dict[UUID, Written] = {}
        rest: list[Written] = []
        for written in self._waiting:
            if written.conversation_id in group or len(group) == MOST_TOGETHER:
                rest.append(written)
            elif not written.done.cancelled():
                group[written.conversation_id] = written
        self._waiting = rest
        return [group[conversation_id] for conversation_id in sorted(group)]

    async def _committed(self, group: Sequence[Written]) -> None:
        try:
            await self._commit(group)
        except Exception as error:  # noqa: BLE001 (told to who waits for it)
            if len(group) == 1 or isinstance(error, StorageUnavailable):
                _tell(group, error)
            else:
                # One by one, so that only what is at fault fails.
                for written in group:
                    await self._committed([written])
        else:
            _tell(group, None)
        finally:
            for written in group:
                written.done.cancel()


def _tell(group: Sequence[Written], error: Exception | None) -> None:
    for written in group:
        if written.done.done():
            continue
        if error is None:
            written.done.set_result(None)
        else:
            written.done.set_exception(error)
