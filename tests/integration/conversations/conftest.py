"""The databases that the repository is tried on, and messages to keep in them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ragspace.conversations.repository import SqlConversations
from ragspace.database_url import DatabaseAddress, parse_database_url
from tests.support.postgres import PgBouncer, Postgres, database, pgbouncer, postgres, postgres_url

__all__ = ["database", "pgbouncer", "postgres"]


@pytest.fixture(params=["sqlite", "postgres", "postgres behind pgbouncer"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseAddress:
    """An empty database of each kind, one after the other."""
    if request.param == "sqlite":
        return parse_database_url("sqlite:///conversations.db", tmp_path)
    server: Postgres | PgBouncer = request.getfixturevalue(request.param.rpartition(" ")[2])
    return parse_database_url(postgres_url(server.port, request.getfixturevalue("database")), tmp_path)


@pytest.fixture
async def conversations(address: DatabaseAddress) -> AsyncIterator[SqlConversations]:
    opened = SqlConversations(address)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def pooled(pgbouncer: PgBouncer, database: str) -> DatabaseAddress:
    """An empty PostgreSQL database behind PgBouncer."""
    return parse_database_url(postgres_url(pgbouncer.port, database), Path("/"))
