"""What the journal promises while the storage works, goes away, hangs and comes back."""

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ragspace.conversations import write_queue
from ragspace.conversations.journal import Journal
from ragspace.conversations.records import Exchange
from ragspace.errors import StorageUnavailable
from tests.support.messages import Asked, asked
from tests.support.storage import FlakyConversations, sqlite_conversations

PATIENT = 60.0
"""A timeout that no test waits for."""


@pytest.fixture(autouse=True)
def no_retries_but_when_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_queue, "FIRST_RETRY_S", 3600.0)


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[FlakyConversations]:
    async with sqlite_conversations(tmp_path) as stored:
        yield FlakyConversations(stored)


@pytest.fixture
async def journal(storage: FlakyConversations) -> AsyncIterator[Journal]:
    opened = Journal(storage, limit=4, timeout=PATIENT)
    yield opened
    await opened.close(0)


async def keep(journal: Journal, said: Asked, *, first: bool = False) -> None:
    await journal.begin(said.question, said.running, first=first)
    await journal.finish(said.answer)


async def written(journal: Journal) -> None:
    """Wake the journal, and return when nothing waits any more."""
    journal.wake()
    while journal.pending:
        await asyncio.sleep(0.005)


async def test_writes_are_done_when_they_return(journal: Journal, storage: FlakyConversations) -> None:
    said = asked()

    await keep(journal, said)

    assert await storage.stored.messages(said.conversation_id) == [said.question, said.answer]
    assert journal.pending == 0


@pytest.fixture
async def waiting(storage: FlakyConversations) -> AsyncIterator[Journal]:
    """One whose questions wait for their answers, however long these take."""
    opened = Journal(storage, timeout=PATIENT, answer_awaited=PATIENT)
    yield opened
    await opened.close(0)


async def test_a_question_that_waits_for_its_answer_is_written_with_it(
    waiting: Journal, storage: FlakyConversations
) -> None:
    said = asked()
    begun = waiting.begin(said.question, said.running, first=True)
    await asyncio.sleep(0)
    assert storage.tries == 0

    await waiting.finish(said.answer)

    assert begun.result()
    assert storage.written == [("begin", said.conversation_id)]
    assert await storage.stored.messages(said.conversation_id) == [said.question, said.answer]


async def test_a_question_waits_only_so_long_for_its_answer(storage: FlakyConversations) -> None:
    journal = Journal(storage, timeout=PATIENT, answer_awaited=0.001)
    said = asked()

    await journal.begin(said.question, said.running)
    assert await storage.stored.messages(said.conversation_id) == [said.question, said.running]

    await journal.finish(said.answer)
    assert await storage.stored.messages(said.conversation_id) == [said.question, said.answer]
    await journal.close(0)


async def test_readers_see_a_question_that_waits_for_its_answer(
    waiting: Journal, storage: FlakyConversations
) -> None:
    said = asked()
    waiting.begin(said.question, said.running, first=True)

    assert await waiting.messages(said.conversation_id) == [said.question, said.running]
    assert await waiting.message(said.running.id) == said.running
    assert storage.tries == 0


async def test_the_next_question_of_a_conversation_does_not_let_the_first_wait(
    waiting: Journal, storage: FlakyConversations
) -> None:
    said = asked()
    following = asked(conversation_id=said.conversation_id)

    first = waiting.begin(said.question, said.running, first=True)
    await waiting.begin(following.question, following.running)

    assert first.done()
    assert await storage.stored.messages(said.conversation_id) is not None


async def test_a_question_that_waits_for_its_answer_is_written_at_the_end(
    waiting: Journal, storage: FlakyConversations
) -> None:
    said = asked()
    waiting.begin(said.question, said.running)

    assert await waiting.close(PATIENT) == 0

    assert await storage.stored.messages(said.conversation_id) == [said.question, said.running]


async def test_a_conversation_whose_question_waits_for_its_answer_can_be_deleted(
    storage: FlakyConversations,
) -> None:
    journal = Journal(storage, timeout=PATIENT, answer_awaited=0.001)
    said = asked()
    journal.begin(said.question, said.running, first=True)

    assert await journal.delete(said.conversation_id)
    await asyncio.sleep(0.01)

    assert await journal.messages(said.conversation_id) is None
    assert await storage.stored.messages(said.conversation_id) is None
    assert await journal.close(PATIENT) == 0


async def test_a_question_that_waits_for_its_answer_is_written_after_an_outage(
    waiting: Journal, storage: FlakyConversations
) -> None:
    said, other = asked(), asked()
    waiting.begin(said.question, said.running)
    storage.go_away()
    waiting.begin(other.question, other.running)
    await waiting.finish(other.answer)

    storage.come_back()
    await written(waiting)

    assert await storage.stored.messages(said.conversation_id) == [said.question, said.running]
    assert await storage.stored.messages(other.conversation_id) == [other.question, other.answer]
    await waiting.finish(said.answer)
    assert await storage.stored.messages(said.conversation_id) == [said.question, said.answer]


async def test_an_outage_stops_no_answer_and_loses_none(
    journal: Journal, storage: FlakyConversations
) -> None:
    said, other = asked(), asked()
    storage.go_away()
    for each in (said, other):
        await keep(journal, each)
    assert journal.pending == 4

    storage.come_back()
    await written(journal)

    for each in (said, other):
        assert await storage.stored.messages(each.conversation_id) == [each.question, each.answer]


async def test_in_an_outage_only_one_write_at_a_time_is_tried(
    journal: Journal, storage: FlakyConversations
) -> None:
    storage.go_away()
    for _ in range(3):
        await keep(journal, asked())

    assert storage.tries == 1


async def test_a_later_write_never_overtakes_a_queued_one(
    journal: Journal, storage: FlakyConversations
) -> None:
    said = asked()
    storage.go_away()
    await journal.begin(said.question, said.running)
    storage.come_back()

    await journal.finish(said.answer)
    assert storage.written == []

    await written(journal)
    key = said.conversation_id
    assert storage.written == [("begin", key), ("finish", key)]


async def test_a_later_write_never_overtakes_one_that_hangs(
    journal: Journal, storage: FlakyConversations
) -> None:
    said, other = asked(), asked()
    storage.hangs = True
    beginning = journal.begin(said.question, said.running)
    while storage.tries == 0:
        await asyncio.sleep(0)
    storage.hangs = False

    finishing = journal.finish(said.answer)
    await journal.begin(other.question, other.running)

    assert storage.written == [("begin", other.conversation_id)]
    assert not beginning.done()
    assert not finishing.done()
    beginning.cancel()
    finishing.cancel()


async def test_a_storage_that_hangs_keeps_nobody_longer_than_the_timeout(
    storage: FlakyConversations,
) -> None:
    journal = Journal(storage, timeout=0.02)
    said = asked()
    storage.hangs = True
    await keep(journal, said)
    assert journal.pending == 2

    storage.come_back()
    await written(journal)

    assert await storage.stored.messages(said.conversation_id) == [said.question, said.answer]
    await journal.close(0)


async def test_it_tries_again_by_itself(storage: FlakyConversations, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_queue, "FIRST_RETRY_S", 0.001)
    journal = Journal(storage, timeout=PATIENT)
    storage.go_away()
    await keep(journal, asked())
    while storage.tries < 4:
        await asyncio.sleep(0.001)

    storage.come_back()
    while journal.pending:
        await asyncio.sleep(0.001)

    assert [name for name, _ in storage.written] == ["begin", "finish"]
    await journal.close(0)


async def test_the_tries_become_rarer_up_to_a_limit(
    storage: FlakyConversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_queue, "FIRST_RETRY_S", 0.25)
    waits: list[float] = []

    async def wait_for(awaitable: Any, timeout: float) -> None:
        awaitable.close()
        waits.append(timeout)
        await asyncio.sleep(0)
        raise TimeoutError

    journal = Journal(storage, timeout=PATIENT)
    storage.go_away()
    monkeypatch.setattr(write_queue.asyncio, "wait_for", wait_for)
    await journal.begin(asked().question, asked().running)
    while len(waits) < 12:
        await asyncio.sleep(0)
    await journal.close(0)

    for number, wait in enumerate(waits):
        longest = min(0.25 * math.pow(2, number), write_queue.LAST_RETRY_S)
        assert longest / 2 <= wait <= longest


async def test_a_callers_cancellation_loses_no_write(journal: Journal, storage: FlakyConversations) -> None:
    said = asked()
    call = journal.begin(said.question, said.running)
    await asyncio.sleep(0)
    call.cancel()

    await journal.finish(said.answer)

    assert await storage.stored.messages(said.conversation_id) == [said.question, said.answer]


async def test_a_full_queue_admits_no_question_but_takes_the_answers_under_way(
    journal: Journal, storage: FlakyConversations
) -> None:
    under_way = asked()
    storage.go_away()
    await journal.begin(under_way.question, under_way.running)
    journal.admit()
    for _ in range(3):
        said = asked()
        await journal.begin(said.question, said.running)

    with pytest.raises(StorageUnavailable) as refusal:
        journal.admit()
    assert refusal.value.reason == "unreachable"
    await journal.finish(under_way.answer)

    storage.come_back()
    await written(journal)
    journal.admit()
    assert await storage.stored.message(under_way.answer.id) == under_way.answer


async def test_a_conversation_that_is_wholly_queued_is_read_from_the_queue(
    journal: Journal, storage: FlakyConversations
) -> None:
    said = asked()
    storage.go_away()
    await keep(journal, said, first=True)

    assert await journal.messages(said.conversation_id) == [said.question, said.answer]
    assert await journal.message(said.answer.id) == said.answer
    assert await journal.history(said.conversation_id, 3) == [Exchange("What is LiDAR?", "A sensor [1].")]


async def test_a_conversation_of_which_there_may_be_more_is_not_read_from_the_queue(
    journal: Journal, storage: FlakyConversations
) -> None:
    said = asked()
    storage.go_away()
    await keep(journal, said)

    with pytest.raises(StorageUnavailable):
        await journal.messages(said.conversation_id)
    with pytest.raises(StorageUnavailable):
        await journal.history(said.conversation_id, 3)
    assert await journal.message(said.answer.id) == said.answer


async def test_readers_see_what_is_queued_over_what_is_stored(
    journal: Journal, storage: FlakyConversations
) -> None:
    stored = asked("one", "1", minutes_ago=5)
    running = asked("two", "2", conversation_id=stored.conversation_id, minutes_ago=4)
    queued = asked("three", "3", conversation_id=stored.conversation_id)
    await keep(journal, stored)
    await journal.begin(running.question, running.running)
    storage.takes_writes = False
    await journal.finish(running.answer)
    await journal.begin(queued.question, queued.running)

    assert await journal.messages(stored.conversation_id) == [
        *(stored.question, stored.answer),
        *(running.question, running.answer),
        *(queued.question, queued.running),
    ]
    assert await journal.history(stored.conversation_id, 3) == [Exchange("one", "1"), Exchange("two", "2")]
    assert await journal.message(running.answer.id) == running.answer


async def test_what_a_reader_sees_is_what_is_stored_later(
    journal: Journal, storage: FlakyConversations
) -> None:
    said = asked()
    storage.go_away()
    await keep(journal, said, first=True)
    assert await journal.rate(said.answer.id, "down", "no")
    seen = await journal.messages(said.conversation_id)

    storage.come_back()
    await written(journal)

    assert await storage.stored.messages(said.conversation_id) == seen
    assert seen == [said.question, replace(said.answer, rating="down")]


async def test_an_answer_that_is_stored_is_rated_in_the_storage(
    journal: Journal, storage: FlakyConversations
) -> None:
    said = asked()
    await keep(journal, said)

    assert await journal.rate(said.answer.id, "up", None)
    assert await journal.rate(uuid4(), "up", None) is False

    storage.go_away()
    with pytest.raises(StorageUnavailable):
        await journal.rate(said.answer.id, "down", None)


async def test_unknown_ids_are_unknown(journal: Journal) -> None:
    assert await journal.messages(uuid4()) is None
    assert await journal.history(uuid4(), 3) is None
    assert await journal.message(uuid4()) is None
    assert await journal.delete(uuid4()) is False


async def test_a_deleted_conversation_is_gone_for_good(journal: Journal, storage: FlakyConversations) -> None:
    said = asked()
    await journal.begin(said.question, said.running)

    assert await journal.delete(said.conversation_id) is True
    await journal.finish(said.answer)
    await journal.begin(said.question, said.running)

    assert await journal.messages(said.conversation_id) is None
    assert await journal.message(said.answer.id) is None
    assert await storage.stored.messages(said.conversation_id) is None


async def test_a_conversation_that_another_process_deleted_is_gone_with_what_is_queued_of_it(
    journal: Journal, storage: FlakyConversations
) -> None:
    said = asked()
    storage.go_away()
    await journal.begin(said.question, said.running, first=True)

    journal.forget(said.conversation_id)
    await journal.finish(said.answer)
    assert await journal.messages(said.conversation_id) is None

    storage.come_back()
    await written(journal)
    assert await storage.stored.messages(said.conversation_id) is None


async def test_a_queued_conversation_is_deleted_during_the_outage(
    journal: Journal, storage: FlakyConversations
) -> None:
    said = asked()
    storage.go_away()
    await journal.begin(said.question, said.running, first=True)

    assert await journal.delete(said.conversation_id) is True
    await journal.finish(said.answer)
    assert await journal.messages(said.conversation_id) is None
    assert await journal.history(said.conversation_id, 3) is None

    storage.come_back()
    await written(journal)
    assert storage.written == [("delete", said.conversation_id)]


async def test_a_stored_conversation_is_not_deleted_during_an_outage(
    journal: Journal, storage: FlakyConversations
) -> None:
    said = asked()
    await journal.begin(said.question, said.running)
    storage.go_away()
    await journal.finish(said.answer)

    with pytest.raises(StorageUnavailable):
        await journal.delete(said.conversation_id)

    storage.come_back()
    await written(journal)
    assert await journal.messages(said.conversation_id) == [said.question, said.answer]


async def test_a_deletion_that_begins_the_outage_is_done_when_the_storage_is_back(
    journal: Journal, storage: FlakyConversations
) -> None:
    said = asked()
    await keep(journal, said)
    storage.go_away()

    with pytest.raises(StorageUnavailable):
        await journal.delete(said.conversation_id)

    storage.come_back()
    await written(journal)
    assert await storage.stored.messages(said.conversation_id) is None


async def test_a_write_that_is_under_way_at_the_deletion_does_not_survive_it(
    journal: Journal, storage: FlakyConversations
) -> None:
    said = asked()

    beginning = journal.begin(said.question, said.running)
    await asyncio.sleep(0)
    await journal.delete(said.conversation_id)
    await beginning

    assert await storage.stored.messages(said.conversation_id) is None


async def test_a_write_that_fails_for_itself_is_dropped_and_the_next_are_written(
    journal: Journal, storage: FlakyConversations
) -> None:
    broken, said = asked(), asked()
    storage.go_away()
    await journal.begin(broken.question, replace(broken.running, content=None))  # type: ignore[arg-type]
    await keep(journal, said)

    storage.come_back()
    await written(journal)

    assert await storage.stored.messages(broken.conversation_id) is None
    assert await storage.stored.messages(said.conversation_id) == [said.question, said.answer]


async def test_a_write_that_never_succeeds_does_not_hold_up_the_others(
    storage: FlakyConversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_queue, "FIRST_RETRY_S", 0.001)
    journal = Journal(storage, timeout=PATIENT)
    stuck, many = asked(), [asked() for _ in range(20)]
    storage.refuses.add(stuck.conversation_id)

    for said in (stuck, *many):
        await keep(journal, said)
    while journal.pending > 2:
        await asyncio.sleep(0.001)

    for said in many:
        assert await storage.stored.message(said.answer.id) == said.answer
    assert await journal.close(0) == 2


async def test_closing_writes_what_is_queued(journal: Journal, storage: FlakyConversations) -> None:
    said = asked()
    storage.go_away()
    await keep(journal, said)
    storage.come_back()

    assert await journal.close(PATIENT) == 0

    assert await storage.stored.messages(said.conversation_id) == [said.question, said.answer]


async def test_closing_tells_how_many_writes_were_lost(journal: Journal, storage: FlakyConversations) -> None:
    storage.go_away()
    for _ in range(2):
        await keep(journal, asked())

    assert await journal.close(PATIENT) == 3
    assert await journal.close(PATIENT) == 0


async def test_closing_waits_no_longer_than_it_may(storage: FlakyConversations) -> None:
    journal = Journal(storage, timeout=PATIENT)
    storage.hangs = True
    beginning = journal.begin(asked().question, asked().running)
    await asyncio.sleep(0)

    assert await journal.close(0.01) == 1
    await beginning
