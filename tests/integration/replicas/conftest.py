"""Two replicas of the service: one PostgreSQL, one Redis, one Gemini, and a process for each."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import aiohttp
import pytest

from tests.support.gemini import GeminiStandIn
from tests.support.postgres import Postgres, database, postgres, postgres_url
from tests.support.redis import Redis, redis
from tests.support.server import RunningServer

__all__ = ["database", "postgres", "redis"]

LOST_SECONDS = 1.5
RATE_LIMIT = 25

_numbers = itertools.count(1)


def question() -> str:
    """One that was not asked before, so that no earlier answer serves it."""
    return f"Which secrets does the Space need? ({next(_numbers)})"


@dataclass(frozen=True)
class Replica:
    server: RunningServer
    client: aiohttp.ClientSession


def environment(gemini: GeminiStandIn, redis_url: str, database_url: str) -> dict[str, str]:
    return {
        "REDIS_URL": redis_url,
        "REPLICA_LOST_SECONDS": str(LOST_SECONDS),
        "DATABASE_URL": database_url,
        "GEMINI_API_KEY": gemini.api_key,
        "GEMINI_BASE_URL": gemini.url,
        "GEMINI_MODEL": "gemini-3.5-flash,gemini-3.5-flash-lite",
        "EMBEDDING_PROVIDER": "local",
        "RATE_LIMIT": f"{RATE_LIMIT}/minute",
        "TRUSTED_HOPS": "1",
        "DRAIN_SECONDS": "0.5",
        "HEAD_HOLD_SECONDS": "0.2",
        "KEEP_ALIVE_SECONDS": "0.5",
    }


def joined(server: RunningServer, present: int = 2) -> bool:
    report = server.health().get("replicas", {})
    return report.get("status") == "connected" and report["present"] == present


def wait_until_joined(*servers: RunningServer) -> None:
    for server in servers:
        server.wait_for("it is healthy", lambda server=server: server.health()["status"] == "healthy")
        server.wait_for("it knows of the other", lambda server=server: joined(server))


@pytest.fixture(scope="module")
def servers(
    gemini_stand_in: GeminiStandIn,
    redis: Redis,
    postgres: Postgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two that know of each other."""
    name = asyncio.run(postgres.create_database())
    shared = environment(gemini_stand_in, redis.url(), postgres_url(postgres.port, name))
    with ExitStack() as stack:
        one, two = (
            stack.enter_context(RunningServer(tmp_path_factory.mktemp("replica"), shared, until="live"))
            for _ in range(2)
        )
        wait_until_joined(one, two)
        yield one, two
    asyncio.run(postgres.drop_database(name))


@pytest.fixture
async def replicas(
    servers: tuple[RunningServer, RunningServer], gemini: GeminiStandIn
) -> AsyncIterator[tuple[Replica, Replica]]:
    async with (
        aiohttp.ClientSession(servers[0].url, connector=aiohttp.TCPConnector(limit=0)) as first,
        aiohttp.ClientSession(servers[1].url, connector=aiohttp.TCPConnector(limit=0)) as second,
    ):
        yield Replica(servers[0], first), Replica(servers[1], second)
