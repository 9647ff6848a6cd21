"""The tables are made and migrated at start, whoever made them before and however many start at once."""

import asyncio
import itertools
import pickle
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from ragspace.conversations.records import Exchange
from ragspace.conversations.repository import SqlConversations
from ragspace.database_url import DatabaseAddress, parse_database_url
from ragspace.errors import ConfigurationError
from tests.support.messages import asked
from tests.support.postgres import PgBouncer, Postgres, postgres_url

STRICT = """
CREATE TABLE conversations (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    created_at TIMESTAMP NOT NULL DEFAULT now(),
    updated_at TIMESTAMP NOT NULL
);
CREATE TABLE messages (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    conversation_id UUID NOT NULL REFERENCES conversations (id),
    role VARCHAR(20) NOT NULL,
    content TEXT NOT NULL,
    sources JSONB,
    created_at TIMESTAMP NOT NULL DEFAULT now()
);
"""
LOOSE = """
CREATE TABLE conversations (id UUID PRIMARY KEY, created_at TIMESTAMP, updated_at TIMESTAMP);
CREATE TABLE messages (
    id UUID PRIMARY KEY, conversation_id UUID, role VARCHAR(20), content TEXT, sources JSONB,
    created_at TIMESTAMP
);
CREATE INDEX any_name ON messages (conversation_id, created_at);
"""
OLD = UUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")
ROWS = f"""
INSERT INTO conversations VALUES ('{OLD}', '2025-11-30 10:00:00.5', '2025-11-30 10:00:07');
INSERT INTO messages VALUES
    ('{uuid4()}', '{OLD}', 'assistant', 'It measures distance.',
     '[{{"file": "docs/a.md", "heading": "LiDAR", "similarity": 0.9}}]', '2025-11-30 10:00:07'),
    ('{uuid4()}', '{OLD}', 'user', 'What does LiDAR do?', NULL, '2025-11-30 10:00:00.5'),
    ('{uuid4()}', '{OLD}', 'assistant', 'Nothing.', 'null', '2025-11-30 10:01:00');
"""


@pytest.mark.parametrize("tables", [STRICT, LOOSE], ids=["strict tables", "loose tables"])
async def test_an_earlier_backends_rows_are_kept_readable_and_continued(
    postgres: Postgres, database: str, pooled: DatabaseAddress, tables: str
) -> None:
    await postgres.execute(tables + ROWS, database)
    before = await postgres.fetch("SELECT * FROM messages ORDER BY id", database)
    conversations = SqlConversations(pooled)
    await conversations.open()
    try:
        question, answer, last = await conversations.messages(OLD) or ()
        assert question.content == "What does LiDAR do?"
        assert question.created_at == datetime(2025, 11, 30, 10, 0, 0, 500_000, UTC)
        assert answer.sources == [{"file": "docs/a.md", "heading": "LiDAR", "similarity": 0.9}]
        assert (answer.status, answer.rating, answer.details) == ("complete", None, {})
        assert last.sources is None

        said = asked("And radar?", "Too.", conversation_id=OLD)
        await conversations.begin(said.question, said.running)
        await conversations.finish(said.answer)
        assert await conversations.history(OLD, 1) == [Exchange("And radar?", "Too.")]
        assert await conversations.rate(answer.id, "up", "good")

        after = await postgres.fetch("SELECT * FROM messages ORDER BY id", database)
        kept = [dict(row) for row in after if row["id"] not in (said.question.id, said.answer.id)]
        assert [row | dict(old) for row, old in zip(kept, before, strict=True)] == kept

        assert await conversations.delete(OLD)
        assert await postgres.fetch("SELECT id FROM messages", database) == []
    finally:
        await conversations.close()


async def test_a_second_start_changes_nothing(
    postgres: Postgres, database: str, pooled: DatabaseAddress
) -> None:
    schema = (
        "SELECT c.relname, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), c.oid "
        "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1, 3"
    )
    await open_and_close(pooled)
    first = await postgres.fetch(schema, database)

    await open_and_close(pooled)

    assert await postgres.fetch(schema, database) == first
    assert {row["relname"] for row in first} >= {"conversations", "messages"}


async def open_and_close(address: DatabaseAddress) -> None:
    conversations = SqlConversations(address)
    await conversations.open()
    await conversations.close()


START = """
import asyncio, pickle, sys
from ragspace.conversations.repository import SqlConversations

async def main():
    address, said = pickle.load(sys.stdin.buffer)
    conversations = SqlConversations(address)
    await conversations.open()
    for each in said:
        await conversations.begin(each.question, each.running)
        await conversations.finish(each.answer)
    await conversations.close()

asyncio.run(main())
"""


async def test_processes_that_start_at_once_all_work(address: DatabaseAddress) -> None:
    await start_at_once(address)


async def test_processes_that_migrate_at_once_all_work(
    postgres: Postgres, database: str, pooled: DatabaseAddress
) -> None:
    await postgres.execute(STRICT, database)
    await start_at_once(pooled)


@pytest.mark.parametrize("tables", ["SELECT 1", LOOSE], ids=["no tables", "earlier tables"])
async def test_migrations_wait_for_one_another(
    postgres: Postgres, database: str, pooled: DatabaseAddress, tables: str
) -> None:
    await postgres.execute(tables, database)
    many = [SqlConversations(pooled) for _ in range(8)]

    await asyncio.gather(*(conversations.open() for conversations in many))

    for conversations in many:
        await conversations.check()
        await conversations.close()


async def start_at_once(address: DatabaseAddress) -> None:
    """Several processes that begin at once and write at once; none may disturb another."""
    said = [[asked() for _ in range(15)] for _ in range(4)]
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", START),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in said
    ]
    outcomes = await asyncio.gather(
        *(
            process.communicate(pickle.dumps((address, own)))
            for process, own in zip(processes, said, strict=True)
        )
    )

    assert [stderr.decode() for _, stderr in outcomes] == [""] * len(processes)
    assert [process.returncode for process in processes] == [0] * len(processes)
    conversations = SqlConversations(address)
    await conversations.open()
    for each in itertools.chain.from_iterable(said):
        assert await conversations.messages(each.conversation_id) == [each.question, each.answer]
    await conversations.close()


async def test_a_role_that_may_create_nothing_works_on_complete_tables(
    postgres: Postgres, pgbouncer: PgBouncer, database: str, pooled: DatabaseAddress
) -> None:
    await open_and_close(pooled)
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
    finally:
        await conversations.close()


async def test_a_role_that_may_not_add_columns_is_told_which_statements_are_wanting(
    postgres: Postgres, pgbouncer: PgBouncer, database: str
) -> None:
    await postgres.execute(LOOSE, database)
    role = await postgres.create_role("GRANT ALL ON conversations, messages TO {role}", database)
    address = parse_database_url(postgres_url(pgbouncer.port, database, user=role), Path("/"))

    with pytest.raises(ConfigurationError, match="may not use or create the tables") as refusal:
        await SqlConversations(address).open()

    statements = refusal.value.action.partition("run: ")[2]
    assert statements.startswith("ALTER TABLE messages ADD COLUMN status VARCHAR(20); ")
    await postgres.execute(statements, database)
    await open_and_close(address)
