"""The service on a Space whose ports are blocked: what health says, and the ways over 443 that it goes."""

import asyncio
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import uvicorn

from ragspace import configuration
from ragspace.app import create_app
from ragspace.models.minilm import MiniLMEmbedder
from ragspace.ports import Egress
from ragspace.retrieval.qdrant import QdrantIndex
from ragspace.retrieval.terms import passage_terms
from tests.support.black_hole import black_hole
from tests.support.certificates import Certificates, make_certificates
from tests.support.chat import ask
from tests.support.edge import Edge
from tests.support.neon_proxy import NeonProxy, role_asked_in_clear
from tests.support.passages import passage
from tests.support.postgres import PASSWORD, Postgres, database, postgres, postgres_url
from tests.support.qdrant import QdrantShim
from tests.support.servers import LOOPBACK, free_port

__all__ = ["database", "postgres"]


@pytest.fixture(scope="module")
def qdrant() -> Iterator[QdrantShim]:
    with QdrantShim() as shim:
        yield shim


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path)


@pytest.fixture
async def neon(postgres: Postgres, certificates: Certificates) -> AsyncIterator[NeonProxy]:
    async with NeonProxy(postgres.port, certificates) as proxy:
        yield proxy


@pytest.fixture
async def neon_url(postgres: Postgres, database: str) -> AsyncIterator[str]:
    """Nobody listens at its port."""
    async with role_asked_in_clear(postgres, database) as role:
        yield postgres_url(free_port(), database, user=role, sslmode="require", channel_binding="require")


@asynccontextmanager
async def serving(
    egress: Egress, data: Path, *, on_space: bool = True, **variables: str
) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the application on loopback, with the built-in parts but for what `variables` say."""
    space = {"SPACE_ID": "me/demo"} if on_space else {}
    given = {"RAGSPACE_MODE": "mixed", "RAGSPACE_DATA_DIR": str(data), **space, **variables}
    app = create_app(configuration.load(given), egress=egress)
    server = uvicorn.Server(uvicorn.Config(app, host=LOOPBACK, port=0, log_config=None))
    running = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(30):
            while not server.started:
                await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with aiohttp.ClientSession(f"http://{LOOPBACK}:{port}") as client:
            yield client
    finally:
        server.should_exit = True
        await running


async def health(client: aiohttp.ClientSession) -> dict[str, Any]:
    """The services, once each was looked at."""
    async with asyncio.timeout(60):
        while True:
            async with client.get("/api/health") as response:
                report = await response.json()
            if report["status"] != "starting":
                services: dict[str, Any] = report["services"]
                return services
            await asyncio.sleep(0.05)


def known_as(provider: Any, https_port: int, tls: ssl.SSLContext | None = None) -> Egress:
    """The world as it is, but that loopback is a host of `provider`, with another port for 443."""
    return Egress(hosted={LOOPBACK: provider}, https_port=https_port, tls=tls, probe_seconds=1.0)


def tunnels() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("ragspace-*/.s.PGSQL.5432"))


async def test_neon_is_reached_through_443_and_conversations_are_kept(
    neon: NeonProxy, neon_url: str, tmp_path: Path
):
    before = tunnels()
    async with serving(known_as("neon", neon.port, neon.trusting), tmp_path, DATABASE_URL=neon_url) as client:
        storage = (await health(client))["postgres"]
        assert (storage["status"], storage["via"]) == ("connected", "443")

        heard = await ask(client, "Which secrets does the Space need?")
        assert await neon.drop() > 0
        async with client.get(f"/api/conversation/{heard.metadata['conversation_id']}") as response:
            said = (await response.json())["messages"]

        assert [message["role"] for message in said] == ["user", "assistant"]
        assert said[1]["content"] == heard.text
        assert len(tunnels() - before) == 1
    assert neon.asked_in_clear == neon.carried
    assert tunnels() == before


async def test_a_port_that_answers_nothing_is_gone_around_too(
    postgres: Postgres, database: str, neon: NeonProxy, tmp_path: Path
):
    with black_hole() as port:
        url = postgres_url(port, database, connect_timeout="1")
        async with serving(known_as("neon", neon.port, neon.trusting), tmp_path, DATABASE_URL=url) as client:
            assert (await health(client))["postgres"]["via"] == "443"


async def test_a_port_that_opens_is_used(postgres: Postgres, database: str, neon: NeonProxy, tmp_path: Path):
    url = postgres_url(postgres.port, database)
    async with serving(known_as("neon", neon.port, neon.trusting), tmp_path, DATABASE_URL=url) as client:
        storage = (await health(client))["postgres"]
    assert storage["status"] == "connected"
    assert "via" not in storage
    assert neon.carried == 0


async def test_a_tunnel_is_not_laid_to_a_certificate_that_is_not_trusted(
    neon: NeonProxy, neon_url: str, tmp_path: Path
):
    before = tunnels()
    async with serving(known_as("neon", neon.port), tmp_path, DATABASE_URL=neon_url) as client:
        storage = (await health(client))["postgres"]
        assert tunnels() == before
    assert (storage["status"], storage["reason"]) == ("unavailable", "port_blocked")
    assert "443 of this host does not work either" in storage["action"]
    assert neon.carried == 0


async def test_a_database_elsewhere_is_told_as_blocked_and_nothing_is_sent_to_443(
    neon: NeonProxy, neon_url: str, tmp_path: Path
):
    elsewhere = Egress(https_port=neon.port, tls=neon.trusting)
    async with serving(elsewhere, tmp_path, DATABASE_URL=neon_url) as client:
        storage = (await health(client))["postgres"]
        heard = await ask(client, "Which secrets does the Space need?")
        async with client.post(
            "/api/chat", json={"message": "And?", "conversation_id": heard.metadata["conversation_id"]}
        ) as refused:
            await refused.read()
        after = (await health(client))["postgres"]
    assert (storage["status"], storage["reason"]) == ("unavailable", "port_blocked")
    assert "listen on port 443 or 8080" in storage["action"]
    assert (after["reason"], after["action"]) == (storage["reason"], storage["action"])
    assert not [secret for secret in (LOOPBACK, PASSWORD) if secret in str(storage)]
    assert neon.carried == 0


async def test_nothing_that_opens_is_unreachable_and_not_blocked(neon_url: str, tmp_path: Path):
    async with serving(known_as("neon", free_port()), tmp_path, DATABASE_URL=neon_url) as client:
        assert (await health(client))["postgres"]["reason"] == "unreachable"


async def test_off_a_space_nothing_is_gone_around(neon: NeonProxy, neon_url: str, tmp_path: Path):
    egress = known_as("neon", neon.port, neon.trusting)
    async with serving(egress, tmp_path, on_space=False, DATABASE_URL=neon_url) as client:
        assert (await health(client))["postgres"]["reason"] == "unreachable"
    assert neon.carried == 0


async def filled_collection(qdrant: QdrantShim) -> str:
    index, embedder = QdrantIndex(qdrant.url, qdrant.api_key, "blocked-ports"), MiniLMEmbedder()
    await embedder.open()
    said = passage("The Space needs four secrets.")
    vectors = await embedder.embed([said.text_to_embed], purpose="passage", dimensions=384)
    writer = await index.begin(embedder.model, embedder.default_dimensions)
    await writer.add([said], vectors, [passage_terms(said.text_to_embed)])
    await writer.publish(drop_old=False)
    for opened in (writer, index, embedder):
        await opened.close()
    return index.collection


async def test_qdrant_cloud_is_reached_through_443(
    qdrant: QdrantShim, certificates: Certificates, tmp_path: Path
):
    variables = {
        "QDRANT_URL": f"https://{LOOPBACK}:{free_port()}",
        "QDRANT_API_KEY": qdrant.api_key,
        "QDRANT_COLLECTION": await filled_collection(qdrant),
    }
    async with Edge(qdrant.url, certificates=certificates) as edge:
        port = urlsplit(edge.url).port or 0
        trusting = ssl.create_default_context(cafile=str(certificates.authority))
        async with serving(known_as("qdrant cloud", port, trusting), tmp_path, **variables) as client:
            index = (await health(client))["qdrant"]
            heard = await ask(client, "Which secrets does the Space need?")
        async with serving(known_as("qdrant cloud", port), tmp_path, **variables) as client:
            untrusted = (await health(client))["qdrant"]
        async with serving(Egress(https_port=port, tls=trusting), tmp_path, **variables) as client:
            elsewhere = (await health(client))["qdrant"]

    assert (index["status"], index["via"], index["vectors"]) == ("connected", "443", 1)
    assert [source["file"] for source in heard.last["sources"]] == ["docs/guide.md"]
    assert untrusted["reason"] == elsewhere["reason"] == "port_blocked"
    assert "443 of this host does not work either" in untrusted["action"]
    assert "end QDRANT_URL with :443" in elsewhere["action"]
