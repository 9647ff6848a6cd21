"""The journal over a real PostgreSQL behind PgBouncer that goes away while answers are written."""

import asyncio

from ragspace.conversations.journal import Journal
from ragspace.conversations.repository import SqlConversations
from ragspace.database_url import DatabaseAddress
from tests.support.messages import asked
from tests.support.postgres import PgBouncer


async def test_answers_written_through_an_outage_are_all_there_afterwards(
    pgbouncer: PgBouncer, pooled: DatabaseAddress
) -> None:
    conversations = SqlConversations(pooled, timeout=3)
    await conversations.open()
    journal = Journal(conversations, timeout=1)
    before, during, across = ([asked(f"{when} {n}") for n in range(8)] for when in ("old", "in", "through"))
    for said in (*before, *across):
        await journal.begin(said.question, said.running, first=True)

    with pgbouncer.stopped():
        await asyncio.gather(
            *(journal.begin(said.question, said.running, first=True) for said in during),
            *(journal.finish(said.answer) for said in (*before, *during, *across)),
        )
        # The questions of `during` are written with their answers.
        assert journal.pending == 24
        for said in during:
            assert await journal.messages(said.conversation_id) == [said.question, said.answer]

    journal.wake()
    while journal.pending:
        await asyncio.sleep(0.05)
    for said in (*before, *during, *across):
        assert await conversations.messages(said.conversation_id) == [said.question, said.answer]
    assert await journal.close(5) == 0
    await conversations.close()


async def test_a_database_that_was_away_at_the_start_gets_what_was_said_before_it_came(
    pgbouncer: PgBouncer, pooled: DatabaseAddress
) -> None:
    conversations = SqlConversations(pooled, timeout=3)
    journal = Journal(conversations, timeout=1)
    said = asked()
    await journal.begin(said.question, said.running, first=True)
    await journal.finish(said.answer)
    assert journal.pending == 2

    await conversations.open()
    journal.wake()
    while journal.pending:
        await asyncio.sleep(0.02)

    assert await conversations.messages(said.conversation_id) == [said.question, said.answer]
    assert await journal.close(5) == 0
    await conversations.close()
