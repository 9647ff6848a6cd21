"""Answers that are kept for whoever asks the same again, the same over SQLite and PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from ragspace.conversations.records import CachedAnswer
from ragspace.conversations.repository import SqlConversations
from ragspace.database_url import parse_database_url
from tests.support.messages import asked
from tests.support.postgres import PgBouncer, Postgres, postgres_url

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


async def cache(conversations: SqlConversations, *, minutes_ago: float = 0, **changes: Any) -> CachedAnswer:
    """One answer of a conversation of its own, kept among at most 10."""
    said = asked()
    await conversations.begin(said.question, said.running)
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    answer = CachedAnswer("q" * 64, "m" * 64, "model", "A sensor [1].", [1], said.conversation_id, at)
    answer = replace(answer, **changes)
    await conversations.cache_answer(answer, LONG_AGO, 10)
    return answer


async def test_an_answer_is_found_by_its_question(conversations: SqlConversations) -> None:
    answer = await cache(conversations, content="Ünïcödé \x00[1][2]", cited=[1, 2])
    await cache(conversations, question="another")

    assert await conversations.cached_answers(answer.question, LONG_AGO) == [
        replace(answer, content="Ünïcödé [1][2]")
    ]
    assert await conversations.cached_answers("unknown", LONG_AGO) == []


async def test_each_material_and_model_has_its_own_answer_and_the_newest_comes_first(
    conversations: SqlConversations,
) -> None:
    first = await cache(conversations, minutes_ago=2)
    second = await cache(conversations, minutes_ago=1, material="other")
    third = await cache(conversations, model="other")

    assert await conversations.cached_answers(first.question, LONG_AGO) == [third, second, first]


async def test_an_answer_takes_the_place_of_one_to_the_same(conversations: SqlConversations) -> None:
    first = await cache(conversations, content="Old.", minutes_ago=1)
    second = await cache(conversations, content="New.")
    assert await conversations.cached_answers(first.question, LONG_AGO) == [second]

    await conversations.delete(first.conversation_id)
    assert await conversations.cached_answers(first.question, LONG_AGO) == [second]


async def test_an_answer_goes_with_its_conversation(conversations: SqlConversations) -> None:
    answer = await cache(conversations)

    assert await conversations.delete(answer.conversation_id)

    assert await conversations.cached_answers(answer.question, LONG_AGO) == []


async def test_nothing_is_kept_of_a_conversation_that_is_gone(conversations: SqlConversations) -> None:
    answer = await cache(conversations, question="asked first", conversation_id=uuid4())
    assert await conversations.cached_answers(answer.question, LONG_AGO) == []


async def test_an_old_answer_is_not_told_and_goes_when_the_next_is_kept(
    conversations: SqlConversations,
) -> None:
    old = await cache(conversations, minutes_ago=90)
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    assert await conversations.cached_answers(old.question, an_hour_ago) == []
    assert await conversations.cached_answers(old.question, LONG_AGO) == [old]

    new = await cache(conversations, question="another")
    await conversations.cache_answer(new, an_hour_ago, 10)

    assert await conversations.cached_answers(old.question, LONG_AGO) == []
    assert await conversations.cached_answers(new.question, LONG_AGO) == [new]


async def test_only_so_many_are_kept_and_the_oldest_go_first(conversations: SqlConversations) -> None:
    kept = [await cache(conversations, question=f"{n}", minutes_ago=20 - n) for n in range(5)]
    await conversations.cache_answer(replace(kept[4], content="Again."), LONG_AGO, 3)

    found = [await conversations.cached_answers(answer.question, LONG_AGO) for answer in kept]

    assert [len(answers) for answers in found] == [0, 0, 1, 1, 1]
    assert found[4][0].content == "Again."


async def test_many_that_keep_and_drop_at_once_do_not_disturb_one_another(
    conversations: SqlConversations,
) -> None:
    kept = [await cache(conversations, question=f"{n}", minutes_ago=20 - n) for n in range(8)]

    await asyncio.gather(
        *(conversations.cache_answer(answer, LONG_AGO, 3) for answer in kept * 3),
        *(conversations.delete(answer.conversation_id) for answer in kept[::3]),
    )
    # What one left to another may be still there: the next that is alone drops it.
    last = await cache(conversations, question="last")
    await conversations.cache_answer(last, LONG_AGO, 3)

    left = [answer for n in range(8) for answer in await conversations.cached_answers(f"{n}", LONG_AGO)]
    assert len(left) <= 2
    assert await conversations.cached_answers("last", LONG_AGO) == [last]


async def test_a_role_that_may_create_nothing_does_without_the_cache(
    postgres: Postgres, pgbouncer: PgBouncer, database: str, pooled: Any
) -> None:
    owner = SqlConversations(pooled)
    await owner.open()
    await owner.close()
    await postgres.execute("DROP TABLE answer_cache", database)
    role = await postgres.create_role(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON conversations, messages TO {role}", database
    )
    conversations = SqlConversations(
        parse_database_url(postgres_url(pgbouncer.port, database, user=role), Path("/"))
    )
    await conversations.open()
    try:
        said = asked()
        await conversations.begin(said.question, said.running)
        assert await conversations.messages(said.conversation_id) == [said.question, said.running]
        assert await conversations.delete(said.conversation_id)
    finally:
        await conversations.close()


@pytest.mark.parametrize("most", [1, 2])
async def test_the_answer_that_is_being_kept_is_among_the_kept(
    conversations: SqlConversations, most: int
) -> None:
    for number in range(3):
        answer = await cache(conversations, question=f"{number}")
        await conversations.cache_answer(answer, LONG_AGO, most)
        assert await conversations.cached_answers(f"{number}", LONG_AGO) == [answer]
