"""PostgreSQL through a WebSocket: the tunnel to a stand-in for Neon's proxy, the real database behind it."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from ragspace.conversations.repository import SqlConversations
from ragspace.conversations.tunnel import Tunnel, through
from ragspace.database_url import DatabaseAddress, parse_database_url
from tests.support.certificates import make_certificates
from tests.support.messages import asked
from tests.support.neon_proxy import NeonProxy, role_asked_in_clear
from tests.support.postgres import Postgres, postgres_url
from tests.support.servers import LOOPBACK, free_port


@pytest.fixture
async def neon(postgres: Postgres, tmp_path: Path) -> AsyncIterator[NeonProxy]:
    async with NeonProxy(postgres.port, make_certificates(tmp_path)) as proxy:
        yield proxy


@pytest.fixture
async def tunnel(neon: NeonProxy) -> AsyncIterator[Tunnel]:
    made = Tunnel(f"wss://{LOOPBACK}:{neon.port}/v2", neon.trusting)
    yield made
    await made.close()


@pytest.fixture
async def address(postgres: Postgres, database: str) -> AsyncIterator[DatabaseAddress]:
    """As Neon writes it, of a database that nobody can reach at its own port."""
    async with role_asked_in_clear(postgres, database) as role:
        url = postgres_url(free_port(), database, user=role, sslmode="require", channel_binding="require")
        yield parse_database_url(url, Path("/"))


async def connected(directory: Path, address: DatabaseAddress) -> asyncpg.Connection:
    there = through(directory, address)
    return await asyncpg.connect(**there.connect_args, ssl=there.tls.asyncpg_argument())


async def test_conversations_are_kept_through_it_with_the_password_asked_in_clear(
    tunnel: Tunnel, neon: NeonProxy, address: DatabaseAddress
):
    conversations = SqlConversations(through(await tunnel.open(), address))
    said = asked()
    await conversations.open()
    await conversations.begin(said.question, said.running)

    assert await conversations.messages(said.conversation_id) == [said.question, said.running]
    assert neon.asked_in_clear == neon.carried > 0
    await conversations.close()


async def test_a_password_that_is_asked_for_by_challenge_works_too(
    tunnel: Tunnel, neon: NeonProxy, database: str
):
    address = parse_database_url(postgres_url(free_port(), database), Path("/"))
    connection = await connected(await tunnel.open(), address)

    assert await connection.fetchval("SELECT 1") == 1
    assert (neon.carried, neon.asked_in_clear) == (1, 0)
    await connection.close()


async def test_what_is_big_comes_through_both_ways_whole(tunnel: Tunnel, address: DatabaseAddress):
    connection = await connected(await tunnel.open(), address)
    big = os.urandom(6 * 1024 * 1024)

    assert await connection.fetchval("SELECT $1::bytea", big) == big
    await connection.close()


async def test_connections_are_carried_side_by_side(tunnel: Tunnel, address: DatabaseAddress):
    directory = await tunnel.open()
    connections = await asyncio.gather(*(connected(directory, address) for _ in range(8)))

    pids = await asyncio.gather(*(each.fetchval("SELECT pg_backend_pid()") for each in connections))

    assert len(set(pids)) == 8
    await asyncio.gather(*(each.close() for each in connections))


async def test_connections_that_were_dropped_while_idle_fail_no_request(
    tunnel: Tunnel, neon: NeonProxy, address: DatabaseAddress
):
    conversations = SqlConversations(through(await tunnel.open(), address))
    said = asked()
    await conversations.open()
    assert await neon.drop() > 0

    await conversations.begin(said.question, said.running)

    assert await conversations.messages(said.conversation_id) == [said.question, said.running]
    await conversations.close()


async def test_only_this_user_may_open_the_socket(tunnel: Tunnel):
    directory = await tunnel.open()

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert directory.stat().st_uid == os.geteuid()
    assert [stat.S_ISSOCK(each.stat().st_mode) for each in directory.iterdir()] == [True]


async def test_closed_it_leaves_nothing_behind(tunnel: Tunnel, neon: NeonProxy, address: DatabaseAddress):
    directory = await tunnel.open()
    connection = await connected(directory, address)

    await tunnel.close()

    assert not directory.exists()
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetchval("SELECT 1")
    async with asyncio.timeout(5):
        while neon.open_now:
            await asyncio.sleep(0.01)


async def test_it_may_be_opened_again(tunnel: Tunnel, address: DatabaseAddress):
    await tunnel.open()
    await tunnel.close()
    connection = await connected(await tunnel.open(), address)

    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()


@pytest.mark.parametrize("host", [LOOPBACK, "localhost"], ids=["unknown authority", "another name"])
async def test_nothing_is_sent_to_a_certificate_that_is_not_trusted(
    neon: NeonProxy, address: DatabaseAddress, host: str
):
    trusted = None if host == LOOPBACK else neon.trusting
    tunnel = Tunnel(f"wss://{host}:{neon.port}/v2", trusted)
    try:
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await connected(await tunnel.open(), address)
    finally:
        await tunnel.close()

    assert neon.carried == 0
