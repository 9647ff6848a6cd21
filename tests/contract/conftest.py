"""One running server per family of parts, over the same documents, asked as a client would."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.support.gemini import GeminiStandIn
from tests.support.postgres import PgBouncer, Postgres, pgbouncer, postgres, postgres_url
from tests.support.qdrant import QdrantShim
from tests.support.server import RunningServer
from tests.support.skips import require

__all__ = ["pgbouncer", "postgres"]

BOOK = Path(__file__).parents[1] / "fixtures" / "book" / "docs"
ORIGIN = "https://my-book-git-main-myteam.vercel.app"
COMMON = {"ALLOWED_ORIGINS": "https://my-book-*-myteam.vercel.app", "RATE_LIMIT": "10000/minute"}


@dataclass(frozen=True)
class Family:
    """Parts that work together: their settings, and what of them a test can script."""

    name: str
    environment: dict[str, str]
    gemini: GeminiStandIn | None = None


def _production(request: pytest.FixtureRequest) -> Iterator[Family]:
    require("node", "pgbouncer")
    database_server: Postgres = request.getfixturevalue("postgres")
    pooler: PgBouncer = request.getfixturevalue("pgbouncer")
    gemini: GeminiStandIn = request.getfixturevalue("gemini_stand_in")
    database = asyncio.run(database_server.create_database())
    with QdrantShim() as qdrant:
        yield Family(
            "production",
            {
                "RAGSPACE_MODE": "production",
                **gemini.settings,
                "QDRANT_URL": qdrant.url,
                "QDRANT_API_KEY": qdrant.api_key,
                "QDRANT_COLLECTION": "book",
                "DATABASE_URL": postgres_url(pooler.port, database),
            },
            gemini,
        )


@pytest.fixture(scope="session", params=["built-in", "production"])
def family(request: pytest.FixtureRequest) -> Iterator[Family]:
    if request.param == "built-in":
        yield Family("built-in", {"RAGSPACE_MODE": "embedded"})
    else:
        yield from _production(request)


@pytest.fixture(scope="session")
def server(family: Family, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The family's server, healthy, over the ingested book."""
    home = tmp_path_factory.mktemp(family.name)
    running = RunningServer(home, COMMON | family.environment)
    ingest = subprocess.run(
        [sys.executable, "-m", "ragspace", "ingest", str(BOOK)],
        env=running.environment,
        cwd=home,
        capture_output=True,
        text=True,
    )
    assert ingest.returncode == 0, ingest.stdout + ingest.stderr
    with running:
        yield running


@pytest.fixture
async def client(server: RunningServer, family: Family) -> AsyncIterator[aiohttp.ClientSession]:
    if family.gemini is not None:
        family.gemini.reset()
    async with aiohttp.ClientSession(server.url) as session:
        yield session
