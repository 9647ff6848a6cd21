"""Which writes share a transaction, and what each is told of it."""

import asyncio
from collections.abc import Sequence

import pytest

from ragspace.conversations.group_commit import GroupCommit, Written
from ragspace.errors import StorageUnavailable
from tests.support.messages import asked


class Committed:
    """Takes groups when it is let, and refuses the `refused`."""

    def __init__(self) -> None:
        self.groups: list[Sequence[Written]] = []
        self.refused: dict[Written, Exception] = {}
        self.open = asyncio.Event()

    async def __call__(self, group: Sequence[Written]) -> None:
        self.groups.append(group)
        await self.open.wait()
        for written in group:
            if written in self.refused:
                raise self.refused[written]


async def under_way(commits: GroupCommit, writes: Sequence[Written]) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(commits.write(written)) for written in writes]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_what_comes_while_another_write_is_committed_is_committed_together() -> None:
    committed = Committed()
    commits = GroupCommit(committed, 1)
    first, second, third = (Written(asked().answer) for _ in range(3))

    tasks = await under_way(commits, [first])
    tasks += await under_way(commits, [second, third])
    committed.open.set()
    await asyncio.gather(*tasks)

    assert [set(group) for group in committed.groups] == [{first}, {second, third}]


async def test_two_writes_of_one_conversation_are_never_in_one_group() -> None:
    committed = Committed()
    said = asked()
    commits = GroupCommit(committed, 1)
    begun, ended = Written(said.running, said.question), Written(said.answer)

    tasks = await under_way(commits, [Written(asked().answer), begun, ended])
    committed.open.set()
    await asyncio.gather(*tasks)

    assert [begun in group for group in committed.groups] == [True, False]
    assert [ended in group for group in committed.groups] == [False, True]


async def test_a_write_that_is_refused_fails_alone() -> None:
    committed = Committed()
    committed.open.set()
    good, bad, other = (Written(asked().answer) for _ in range(3))
    committed.refused[bad] = ValueError("a bug")
    commits = GroupCommit(committed, 1)

    tasks = await under_way(commits, [good, bad, other])
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(result) for result in results] == [type(None), ValueError, type(None)]


async def test_an_outage_is_met_once_by_a_whole_group() -> None:
    committed = Committed()
    writes = [Written(asked().answer) for _ in range(4)]
    committed.refused = dict.fromkeys(writes, StorageUnavailable(service="postgres", reason="timeout"))
    commits = GroupCommit(committed, 1)

    tasks = await under_way(commits, writes)
    committed.open.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert len(committed.groups) == 1
    assert all(isinstance(result, StorageUnavailable) for result in results)


async def test_a_write_just_after_the_last_group_is_committed() -> None:
    committed = Committed()
    committed.open.set()
    commits = GroupCommit(committed, 1)

    async with asyncio.timeout(10):
        for _ in range(5):
            await commits.write(Written(asked().answer))

    assert len(committed.groups) == 5


async def test_a_cancelled_caller_cancels_nobody_elses_write() -> None:
    committed = Committed()
    commits = GroupCommit(committed, 1)
    left, stays = Written(asked().answer), Written(asked().answer)
    tasks = await under_way(commits, [left, stays])

    tasks[0].cancel()
    committed.open.set()
    await tasks[1]

    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
