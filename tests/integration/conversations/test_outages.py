"""Connections that break, and servers that go away and come back, between requests and within them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from ragspace.conversations import postgres as pool_module
from ragspace.conversations.repository import SqlConversations
from ragspace.database_url import parse_database_url
from ragspace.errors import StorageUnavailable
from tests.support.messages import Asked, asked
from tests.support.postgres import PgBouncer, Postgres, postgres_url
from tests.support.proxies import ForgetfulProxy


@pytest.fixture(params=["postgres", "pgbouncer"])
def server(request: pytest.FixtureRequest) -> Postgres | PgBouncer:
    found: Postgres | PgBouncer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def conversations(server: Postgres | PgBouncer, database: str) -> AsyncIterator[SqlConversations]:
    """With as many connections open as the pool keeps."""
    opened = SqlConversations(parse_database_url(postgres_url(server.port, database), Path("/")), timeout=5)
    await opened.open()
    await asyncio.gather(*(opened.check() for _ in range(pool_module.POOL_SIZE)))
    yield opened
    await opened.close()


@pytest.fixture(params=["used just now", "idle for long"])
def idle(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lay idle for long is asked for a sign of life; the rest is found broken by its first statement."""
    monkeypatch.setattr(pool_module, "IDLE_S", 0.0 if request.param == "idle for long" else 3600.0)


@pytest.mark.usefixtures("idle")
async def test_dropped_idle_connections_fail_no_request(
    conversations: SqlConversations, server: Postgres | PgBouncer, postgres: Postgres, database: str
) -> None:
    said = asked()
    assert await postgres.drop_connections(database) > 0
    if isinstance(server, PgBouncer):
        server.stop()
        server.start()

    await conversations.begin(said.question, said.running)
    read = await asyncio.gather(*(conversations.messages(said.conversation_id) for _ in range(10)))

    assert read == [[said.question, said.running]] * 10


@pytest.mark.usefixtures("idle")
async def test_a_database_that_restarted_fails_no_request(
    conversations: SqlConversations, server: Postgres | PgBouncer, postgres: Postgres, database: str
) -> None:
    said = asked()
    await conversations.begin(said.question, said.running)
    with postgres.stopped():
        pass
    await _served(server, database)
    if isinstance(server, PgBouncer):
        await _served_again(conversations)

    await conversations.finish(said.answer)

    assert await conversations.message(said.answer.id) == said.answer


async def _served_again(conversations: SqlConversations) -> None:
    """A pooler refuses for a while of its own after it met a stopped server: that is no broken connection."""
    async with asyncio.timeout(30):
        while True:
            try:
                await conversations.check()
            except StorageUnavailable:
                await asyncio.sleep(0.1)
            else:
                return


async def _served(server: Postgres | PgBouncer, database: str) -> None:
    """Return when others are served again: a pooler that met a stopped server waits for a while."""
    async with asyncio.timeout(30):
        while True:
            try:
                other = await asyncpg.connect(postgres_url(server.port, database), statement_cache_size=0)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.1)
            else:
                await other.close()
                return


async def test_connections_that_a_firewall_forgot_fail_no_request(
    server: Postgres | PgBouncer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "IDLE_S", 0.0)
    monkeypatch.setattr(pool_module, "PING_TIMEOUT_S", 0.2)
    async with ForgetfulProxy(server.port).running() as proxy:
        address = parse_database_url(postgres_url(proxy.port, database, sslmode="disable"), Path("/"))
        conversations = SqlConversations(address, timeout=10)
        await conversations.open()
        before = proxy.accepted
        proxy.forget()

        assert await conversations.messages(uuid4()) is None

        assert proxy.accepted > before
        await conversations.close()


async def test_a_write_whose_connection_breaks_half_way_is_done_once_more(
    conversations: SqlConversations, postgres: Postgres, database: str
) -> None:
    said = asked()
    async with postgres.session(database) as session, session.transaction():
        await session.execute("LOCK TABLE messages")
        writing = asyncio.create_task(conversations.begin(said.question, said.running))
        await _blocked(postgres, database)
        await session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        )
        await _blocked(postgres, database)
    await writing

    assert await conversations.messages(said.conversation_id) == [said.question, said.running]


async def _blocked(postgres: Postgres, database: str, but: int = 0) -> list[int]:
    """The processes of the server, `but` one, that wait for a lock, as soon as there are any."""
    waiting = (
        "SELECT pid FROM pg_stat_activity "
        f"WHERE datname = '{database}' AND wait_event_type = 'Lock' AND pid <> {but}"
    )
    async with asyncio.timeout(10):
        while not (found := await postgres.fetch(waiting)):
            await asyncio.sleep(0.02)
        return [row["pid"] for row in found]


async def test_an_outage_is_told_by_its_reason_and_ends_by_itself(
    server: Postgres | PgBouncer, database: str
) -> None:
    address = parse_database_url(postgres_url(server.port, database), Path("/"))
    conversations = SqlConversations(address, timeout=0.5)
    await conversations.open()
    said = asked()
    with server.frozen():
        assert await _reason(conversations, said) == "timeout"
    with server.stopped():
        assert await _reason(conversations, said) == "unreachable"

    await conversations.begin(said.question, said.running)

    assert await conversations.messages(said.conversation_id) == [said.question, said.running]
    await conversations.close()


async def _reason(conversations: SqlConversations, said: Asked) -> str:
    with pytest.raises(StorageUnavailable) as caught:
        await conversations.begin(said.question, said.running)
    assert "DATABASE_URL" in caught.value.action
    return caught.value.reason


async def test_nothing_is_left_on_the_poolers_connections(
    pgbouncer: PgBouncer, postgres: Postgres, database: str
) -> None:
    """Another client gets the connection next."""
    address = parse_database_url(postgres_url(pgbouncer.port, database), Path("/"))
    conversations = SqlConversations(address)
    await conversations.open()
    for _ in range(5):
        said = asked()
        await conversations.begin(said.question, said.running)
        await conversations.finish(said.answer)
    next_client = await asyncpg.connect(postgres_url(pgbouncer.port, database), statement_cache_size=0)
    try:
        async with next_client.transaction():
            assert await next_client.fetchval("SELECT count(*) > 1 FROM messages") is True
            assert await next_client.fetch("SELECT name FROM pg_prepared_statements WHERE name <> ''") == []
            assert await next_client.fetch("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'") == []
    finally:
        await next_client.close()
        await conversations.close()
