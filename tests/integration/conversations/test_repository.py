"""What every database does with conversations, the same over SQLite and PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest

from ragspace.conversations.records import Conversations, Exchange, Message
from ragspace.conversations.repository import SqlConversations
from ragspace.database_url import DatabaseAddress
from ragspace.errors import StorageUnavailable
from tests.support.messages import DETAILS, SOURCES, Asked, asked


async def keep(conversations: Conversations, said: Asked) -> None:
    await conversations.begin(said.question, said.running)
    await conversations.finish(said.answer)


async def test_an_answer_is_running_until_it_is_finished(conversations: SqlConversations) -> None:
    said = asked()

    await conversations.begin(said.question, said.running)
    assert await conversations.messages(said.conversation_id) == [said.question, said.running]

    await conversations.finish(said.answer)
    assert await conversations.messages(said.conversation_id) == [said.question, said.answer]


async def test_every_write_may_be_repeated(conversations: SqlConversations) -> None:
    first = asked(minutes_ago=2)
    second = asked("And how fast is it?", conversation_id=first.conversation_id)
    for said in (first, second):
        await keep(conversations, said)
    once = await conversations.messages(first.conversation_id)

    for said in (second, first):
        await keep(conversations, said)

    assert await conversations.messages(first.conversation_id) == once
    assert [message.id for message in once or ()] == [
        *(first.question.id, first.answer.id),
        *(second.question.id, second.answer.id),
    ]


async def test_a_finished_answer_is_kept_although_its_beginning_comes_late(
    conversations: SqlConversations,
) -> None:
    opened = asked(minutes_ago=1)
    await keep(conversations, opened)
    said = asked(conversation_id=opened.conversation_id)

    await conversations.finish(said.answer)
    await conversations.begin(said.question, said.running)

    assert await conversations.message(said.answer.id) == said.answer


async def test_times_come_back_as_utc(conversations: SqlConversations) -> None:
    said = asked()
    elsewhere = said.question.created_at.astimezone(timezone(timedelta(hours=5, minutes=30)))
    await conversations.begin(replace(said.question, created_at=elsewhere), said.running)

    (question, _) = await conversations.messages(said.conversation_id) or ()

    assert question.created_at == elsewhere
    assert question.created_at.tzinfo is UTC


async def test_messages_of_the_same_time_stand_question_first(conversations: SqlConversations) -> None:
    for _ in range(5):
        said = asked()
        running = replace(said.running, created_at=said.question.created_at)
        await conversations.begin(said.question, running)

        messages = await conversations.messages(said.conversation_id)

        assert [message.role for message in messages or ()] == ["user", "assistant"]


async def test_what_a_database_refuses_in_a_text_is_taken_out(conversations: SqlConversations) -> None:
    source = {"heading": "nul\x00", "snippet": "\ud83d", "k\x00": [1, None, float("nan")]}
    said = asked("nul \x00 and half a pair \ud83d.", "a\x00b \udc00", sources=[source])

    await keep(conversations, said)

    question, answer = await conversations.messages(said.conversation_id) or ()
    assert question.content == "nul  and half a pair \ufffd."
    assert answer.content == "ab \ufffd"
    assert answer.sources == [{"heading": "nul", "snippet": "\ufffd", "k": [1, None, None]}]


async def test_any_text_survives(conversations: SqlConversations) -> None:
    text = "Ünïcödé 🚀 'quotes' \"double\" \\ %s :name $1 -- ; DROP TABLE messages\n\t" + "x" * 100_000
    said = asked(text, text)

    await keep(conversations, said)

    assert await conversations.messages(said.conversation_id) == [said.question, said.answer]


async def test_history_is_the_last_exchanges_with_an_answers_text(conversations: SqlConversations) -> None:
    first = asked("one", "1", minutes_ago=9)
    later = [
        asked(question, answer, conversation_id=first.conversation_id, minutes_ago=ago)
        for question, answer, ago in (("two", "2", 8), ("three", "", 7), ("four", "4", 6), ("five", "5", 5))
    ]
    for said in (first, *later):
        await keep(conversations, said)

    history = await conversations.history(first.conversation_id, 3)

    assert history == [Exchange("two", "2"), Exchange("four", "4"), Exchange("five", "5")]


async def test_history_of_a_conversation_without_answers_is_empty_not_unknown(
    conversations: SqlConversations,
) -> None:
    said = asked()
    await conversations.begin(said.question, said.running)

    assert await conversations.history(said.conversation_id, 3) == []


async def test_unknown_ids_are_told_as_such(conversations: SqlConversations) -> None:
    assert await conversations.messages(uuid4()) is None
    assert await conversations.history(uuid4(), 3) is None
    assert await conversations.message(uuid4()) is None
    assert await conversations.rate(uuid4(), "up", None) is False
    assert await conversations.delete(uuid4()) is False


async def test_a_message_is_an_answer_never_a_question(conversations: SqlConversations) -> None:
    said = asked()
    await keep(conversations, said)

    assert await conversations.message(said.answer.id) == said.answer
    assert await conversations.message(said.question.id) is None
    assert await conversations.rate(said.question.id, "up", None) is False


async def test_the_last_rating_counts_and_survives_the_answers_end(conversations: SqlConversations) -> None:
    said = asked()
    await conversations.begin(said.question, said.running)

    assert await conversations.rate(said.answer.id, "up", None)
    assert await conversations.rate(said.answer.id, "down", "wrong\x00 page")
    await conversations.finish(said.answer)

    assert await conversations.message(said.answer.id) == replace(said.answer, rating="down")


async def test_a_deleted_conversation_is_gone_and_nothing_brings_its_answer_back(
    conversations: SqlConversations,
) -> None:
    said, other = asked(), asked()
    await conversations.begin(said.question, said.running)
    await keep(conversations, other)

    assert await conversations.delete(said.conversation_id) is True
    await conversations.finish(said.answer)

    assert await conversations.messages(said.conversation_id) is None
    assert await conversations.message(said.answer.id) is None
    assert await conversations.delete(said.conversation_id) is False
    assert await conversations.messages(other.conversation_id) == [other.question, other.answer]


async def test_deletion_and_an_answers_end_at_the_same_time_leave_nothing(
    conversations: SqlConversations,
) -> None:
    many = [asked() for _ in range(12)]
    for said in many:
        await conversations.begin(said.question, said.running)

    await asyncio.gather(
        *(conversations.finish(said.answer) for said in many),
        *(conversations.delete(said.conversation_id) for said in many),
    )

    assert [await conversations.message(said.answer.id) for said in many] == [None] * len(many)
    assert [await conversations.messages(said.conversation_id) for said in many] == [None] * len(many)


async def test_answers_whose_process_is_gone_become_incomplete(conversations: SqlConversations) -> None:
    old, young, done = asked(minutes_ago=10), asked(), asked(minutes_ago=10)
    await conversations.begin(old.question, old.running)
    await conversations.begin(young.question, young.running)
    await keep(conversations, done)

    assert await conversations.abandon_running(300) == 1
    assert await conversations.abandon_running(300) == 0

    statuses = [await conversations.message(said.answer.id) for said in (old, young, done)]
    assert [message and message.status for message in statuses] == ["incomplete", "running", "complete"]


async def test_the_text_of_an_answer_whose_process_died_is_rescued_where_none_was_kept(
    conversations: SqlConversations,
) -> None:
    dead, given_up, done = asked(), asked(minutes_ago=10), asked()
    await keep(conversations, done)
    for said in (dead, given_up):
        await conversations.begin(said.question, said.running)
    await conversations.abandon_running(300)

    for said in (dead, given_up):
        rescued = replace(said.answer, status="incomplete", content="so far")
        assert await conversations.rescue(rescued)
        assert not await conversations.rescue(rescued)
        assert await conversations.message(said.answer.id) == rescued
    assert not await conversations.rescue(replace(done.answer, status="incomplete", content="so far"))
    assert await conversations.message(done.answer.id) == done.answer
    assert not await conversations.rescue(asked().answer)


async def test_many_at_once(conversations: SqlConversations) -> None:
    """More than the pool has connections, and many more than PgBouncer has: statements must not mix."""
    many = [asked(f"question {number}", f"answer {number}") for number in range(40)]

    await asyncio.gather(*(keep(conversations, said) for said in many))
    read = await asyncio.gather(*(conversations.messages(said.conversation_id) for said in many))

    assert read == [[said.question, said.answer] for said in many]


async def test_what_is_kept_is_there_after_a_restart(address: DatabaseAddress) -> None:
    said = asked()
    before = SqlConversations(address)
    await before.open()
    await keep(before, said)
    await before.close()

    after = SqlConversations(address)
    await after.open()
    try:
        assert await after.messages(said.conversation_id) == [said.question, said.answer]
        assert (said.answer.sources, said.answer.details) == (SOURCES, DETAILS)
        assert await after.history(said.conversation_id, 3) == [Exchange("What is LiDAR?", "A sensor [1].")]
    finally:
        await after.close()


async def test_without_an_open_it_is_unavailable(address: DatabaseAddress) -> None:
    conversations = SqlConversations(address)

    with pytest.raises(StorageUnavailable):
        await conversations.check()


async def test_calls_during_the_first_open_wait_for_it(address: DatabaseAddress) -> None:
    conversations = SqlConversations(address)
    opening = asyncio.create_task(conversations.open())
    await asyncio.sleep(0)
    try:
        assert await conversations.messages(uuid4()) is None
    finally:
        await opening
        await conversations.close()


async def test_a_check_passes_and_open_may_be_called_again(conversations: SqlConversations) -> None:
    await conversations.open()
    await conversations.check()


async def test_a_conversation_is_as_old_as_its_last_question(conversations: SqlConversations) -> None:
    """Written late, after an outage, an older question must not make its conversation older."""
    first = asked(minutes_ago=5)
    second = asked(conversation_id=first.conversation_id)
    await conversations.begin(second.question, second.running)
    await conversations.begin(first.question, first.running)

    assert await updated_at(conversations, second.question) == second.question.created_at


async def updated_at(conversations: SqlConversations, message: Message) -> datetime:
    from sqlalchemy import select

    from ragspace.conversations.queries import Queries
    from ragspace.conversations.tables import conversations as table

    def read(queries: Queries) -> datetime:
        rows = queries.connection.execute(
            select(table.c.updated_at).where(table.c.id == message.conversation_id)
        )
        found: datetime = rows.scalar_one()
        return found

    return await conversations._run(read)


async def test_history_ignores_what_was_said_before_the_last_exchanges(
    conversations: SqlConversations,
) -> None:
    first = asked("q0", "a0", minutes_ago=30)
    await keep(conversations, first)
    for number in range(1, 20):
        said = asked(
            f"q{number}", f"a{number}", conversation_id=first.conversation_id, minutes_ago=30 - number
        )
        await keep(conversations, said)

    history = await conversations.history(first.conversation_id, 2)

    assert history == [Exchange("q18", "a18"), Exchange("q19", "a19")]
