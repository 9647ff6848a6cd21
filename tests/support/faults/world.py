"""All services of a production, each behind a proxy that can be made faulty, by its own name and over TLS."""

import asyncio
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from tests.support.certificates import Certificates, make_certificates
from tests.support.faults.names import Names
from tests.support.faults.proxy import FaultyProxy
from tests.support.gemini import GeminiStandIn
from tests.support.postgres import PASSWORD, Postgres, postgres_url
from tests.support.qdrant import QdrantShim
from tests.support.servers import LOOPBACK

QDRANT, DATABASE, GEMINI = "qdrant.test", "database.test", "gemini.test"
MODEL = "gemini-3.5-flash"
COLLECTION = "book"
BOOK = Path(__file__).parents[2] / "fixtures" / "book" / "docs"
QUESTION = "How fast is a LiDAR?"


@dataclass(frozen=True)
class World:
    """`environment` leads a server to every service by its proxy, encrypted, by its name."""

    qdrant: FaultyProxy
    database: FaultyProxy
    gemini: FaultyProxy
    names: Names
    authority: Path
    strangers: Certificates
    postgres: Postgres
    database_name: str
    role: str
    environment: Mapping[str, str]

    @property
    def on_loopback(self) -> dict[str, str]:
        """The environment for another process, which does not know the names, but trusts the authority."""
        told = dict(self.environment)
        for host in (QDRANT, DATABASE, GEMINI):
            told = {name: value.replace(host, LOOPBACK) for name, value in told.items()}
        return told | {"SSL_CERT_FILE": str(self.authority)}

    async def restore(self) -> None:
        """Nothing is wrong any more."""
        await self.postgres.execute(f"ALTER ROLE {self.role} PASSWORD '{PASSWORD}'")
        await self.heal()

    async def heal(self) -> None:
        """Nothing is wrong with the ways to the services."""
        self.names.unknown.clear()
        for proxy in (self.qdrant, self.database, self.gemini):
            await proxy.restore()

    async def answers(self) -> dict[str, list[tuple[str, str]]]:
        """Status and text of every answer that the database has, by its question, read past every proxy."""
        rows = await self.postgres.fetch(
            "SELECT question.content AS question, answer.status, answer.content FROM messages AS question "
            "JOIN messages AS answer ON answer.conversation_id = question.conversation_id "
            "AND answer.created_at = question.created_at + interval '1 microsecond' "
            "WHERE question.role = 'user' AND answer.role = 'assistant'",
            self.database_name,
        )
        found: dict[str, list[tuple[str, str]]] = {}
        for row in rows:
            found.setdefault(row["question"], []).append((row["status"], row["content"]))
        return found


@asynccontextmanager
async def world(directory: Path, postgres: Postgres, gemini: GeminiStandIn) -> AsyncIterator[World]:
    """The book is ingested; the servers may start."""
    ours = make_certificates(directory, (QDRANT, DATABASE, GEMINI))
    (directory / "strangers").mkdir()
    strangers = make_certificates(directory / "strangers", (QDRANT, DATABASE, GEMINI))
    database = await postgres.create_database()
    role = await postgres.create_role(f"GRANT ALL ON DATABASE {database} TO {{role}}")
    await postgres.execute(f"ALTER DATABASE {database} OWNER TO {role}")
    async with AsyncExitStack() as stack:
        stack.enter_context(_trusted(ours))
        names = stack.enter_context(Names().known())
        qdrant = stack.enter_context(QdrantShim())
        ports = (_port(qdrant.url), postgres.port, _port(gemini.url))
        proxies = [
            await stack.enter_async_context(
                FaultyProxy(port, certificates=ours, postgres=port == postgres.port)
            )
            for port in ports
        ]
        environment = {
            "RAGSPACE_MODE": "production",
            "RAGSPACE_DATA_DIR": str(directory / "data"),
            "QDRANT_API_KEY": qdrant.api_key,
            "QDRANT_COLLECTION": COLLECTION,
            "GEMINI_API_KEY": gemini.api_key,
            "GEMINI_MODEL": MODEL,
            "RATE_LIMIT": "100000/minute",
        }
        near = {
            "QDRANT_URL": qdrant.url,
            "GEMINI_BASE_URL": gemini.url,
            "DATABASE_URL": "sqlite:///unused.db",
        }
        await asyncio.to_thread(_ingest, directory, environment | near)
        url = postgres_url(
            proxies[1].port, database, user=role, sslmode="verify-full", sslrootcert=str(ours.authority)
        )
        far = {
            "QDRANT_URL": f"https://{QDRANT}:{proxies[0].port}",
            "GEMINI_BASE_URL": f"https://{GEMINI}:{proxies[2].port}",
            "DATABASE_URL": url.replace("@127.0.0.1:", f"@{DATABASE}:"),
        }
        yield World(*proxies, names, ours.authority, strangers, postgres, database, role, environment | far)
    await postgres.drop_database(database)


def _port(url: str) -> int:
    return urlsplit(url).port or 0


@contextmanager
def _trusted(ours: Certificates) -> Iterator[None]:
    """For the time of the block, the HTTP client of this process trusts the tests' authority, too.

    It makes its one context when it is imported, so that the system's variables come too late.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(ours.authority)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", context)
        yield


def _ingest(directory: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ragspace", "ingest", str(BOOK)],
        env=environment | {"PATH": os.environ["PATH"], "HOME": str(directory)},
        cwd=directory,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
