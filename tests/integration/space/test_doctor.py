"""A configuration looked at, with every service behind it real or speaking the real protocol."""

import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from ragspace.ports import Egress
from ragspace.retrieval.qdrant import QdrantIndex
from ragspace.retrieval.terms import passage_terms
from ragspace.space.checks import Check
from ragspace.space.doctor import examine
from tests.support.certificates import make_certificates
from tests.support.edge import Edge
from tests.support.gemini import GeminiStandIn, replies, vector_of
from tests.support.neon_proxy import NeonProxy
from tests.support.passages import passage
from tests.support.postgres import PASSWORD, PgBouncer, Postgres, database, pgbouncer, postgres, postgres_url
from tests.support.qdrant import QdrantShim
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.servers import LOOPBACK, free_port
from tests.support.skips import requires

__all__ = ["database", "pgbouncer", "postgres"]

MARKED = "marked-secret-1234"

Checks = dict[str, Check]


@pytest.fixture(scope="module")
def qdrant() -> Iterator[QdrantShim]:
    with QdrantShim() as shim:
        yield shim


@asynccontextmanager
async def collection(
    qdrant: QdrantShim, model: str = "gemini-embedding-001", *, filled: bool = True
) -> AsyncIterator[dict[str, str]]:
    """The variables of a collection that `model` made."""
    name = f"book-{uuid4().hex}"
    index = QdrantIndex(qdrant.url, qdrant.api_key, name)
    said = passage("The Space needs four secrets.")
    writer = await index.begin(model, 768)
    vector = vector_of(said.text_to_embed, model=model, dimensions=768)
    await writer.add([said], [vector], [passage_terms(said.text_to_embed)])
    await writer.publish(drop_old=False)
    if not filled:
        await writer.close()
        writer = await index.begin(model, 768)
        await writer.remove(await writer.known())
        await writer.publish(drop_old=False)
    await writer.close()
    await index.close()
    yield {"QDRANT_URL": qdrant.url, "QDRANT_API_KEY": qdrant.api_key, "QDRANT_COLLECTION": name}


async def looked_at(
    variables: dict[str, str], *, production: bool = False, egress: Egress | None = None
) -> Checks:
    """Every line by its name; none may hold what is secret, or a host that was configured."""
    checks = await examine(variables, production=production, egress=egress)
    shown = str(checks)
    hidden = {MARKED, PASSWORD, LOOPBACK, *(v for n, v in variables.items() if n.endswith(("KEY", "URL")))}
    assert not [secret for secret in hidden if secret in shown]
    return {check.name: check for check in checks}


def outcomes(checks: Checks, *names: str) -> list[str]:
    return [checks[name].outcome for name in names]


@requires("node")
async def test_sc_003_a_configuration_that_works_passes_as_a_space_needs_it(
    gemini: GeminiStandIn, qdrant: QdrantShim, postgres: Postgres, database: str
):
    async with collection(qdrant) as variables:
        checks = await looked_at(
            {
                **gemini.settings,
                **variables,
                "DATABASE_URL": postgres_url(postgres.port, database),
                "ALLOWED_ORIGINS": "https://my-app.vercel.app",
            },
            production=True,
        )
    assert {check.outcome for check in checks.values()} == {"ok", "warning"}
    assert [name for name, check in checks.items() if check.outcome == "warning"] == [
        "port of QDRANT_URL",
        "port of DATABASE_URL",
    ]
    assert "768 dimensions" in checks["embedding"].detail
    assert "1 passages of 768 dimensions, searched by meaning and by terms" in checks["collection"].detail
    assert "gemini-embedding-001" in checks["embedding model"].detail
    assert checks["postgres encryption"].detail == "None, on this machine."
    assert not gemini.asked("generate")
    assert len(gemini.asked("embed")) == 1


@requires("node")
class TestGemini:
    async def test_a_key_that_is_refused_fails(self, gemini: GeminiStandIn):
        checks = await looked_at({**gemini.settings, "GEMINI_API_KEY": MARKED})
        assert outcomes(checks, "gemini", "embedding") == ["failed", "failed"]
        assert "https://aistudio.google.com/apikey" in (checks["gemini"].fix or "")

    async def test_the_first_model_must_be_in_service_and_a_fallback_should(self, gemini: GeminiStandIn):
        models = {"GEMINI_MODEL": "gemini-9.9-flash,gemini-3.5-flash,gemini-2.0-flash"}
        checks = await looked_at(gemini.settings | models)
        names = [f"model {name}" for name in models["GEMINI_MODEL"].split(",")]
        assert outcomes(checks, *names) == ["failed", "ok", "warning"]
        assert "gemini-3.8-flash" in (checks[names[0]].fix or "")

    async def test_an_embedding_model_that_is_out_of_service_fails(self, gemini: GeminiStandIn):
        model = {"GEMINI_EMBEDDING_MODEL": "text-embedding-004"}
        checks = await looked_at(gemini.settings | model)
        assert outcomes(checks, "model text-embedding-004", "embedding") == ["failed", "failed"]
        assert "gemini-embedding-001" in (checks["model text-embedding-004"].fix or "")

    async def test_a_model_that_does_not_generate_fails(self, gemini: GeminiStandIn):
        checks = await looked_at(gemini.settings | {"GEMINI_MODEL": "gemini-embedding-2"})
        assert checks["model gemini-embedding-2"].outcome == "failed"

    async def test_a_spent_quota_for_embeddings_is_told(self, gemini: GeminiStandIn):
        gemini.script(replies.quota_exceeded(per="Day"), call="embed")
        check = (await looked_at(gemini.settings))["embedding"]
        assert (check.outcome, "quota" in check.detail) == ("failed", True)

    async def test_a_service_that_is_not_there_fails(self, gemini: GeminiStandIn):
        away = {"GEMINI_BASE_URL": f"http://{LOOPBACK}:{free_port()}"}
        checks = await looked_at(gemini.settings | away)
        assert (checks["gemini"].outcome, checks["gemini"].detail) == ("failed", "It cannot be reached.")


class TestEndpoint:
    async def asked(self, reply: Any, status: int = 200, **variables: str) -> Checks:
        async with ScriptedUpstream() as upstream:
            upstream.reply(reply, status=status, content_type="application/json")
            given = {"LLM_BASE_URL": f"{upstream.url}/v1", "LLM_API_KEY": MARKED, "LLM_MODEL": "qwen3:4b"}
            checks = await looked_at(given | variables)
            assert upstream.asked[0].headers["authorization"] == f"Bearer {MARKED}"
        return checks

    async def test_a_model_that_is_listed_passes(self):
        checks = await self.asked(b'{"data": [{"id": "qwen3:4b"}]}')
        assert outcomes(checks, "endpoint", "model qwen3:4b") == ["ok", "ok"]

    async def test_a_model_that_is_not_listed_fails_with_one_that_is(self):
        checks = await self.asked(b'{"data": [{"id": "qwen3:8b"}]}')
        assert checks["model qwen3:4b"].outcome == "failed"
        assert "qwen3:8b" in (checks["model qwen3:4b"].fix or "")

    @pytest.mark.parametrize(("reply", "status"), [(b"{}", 404), (b'{"data": []}', 200)])
    async def test_an_endpoint_that_lists_nothing_is_only_doubted(self, reply: bytes, status: int):
        checks = await self.asked(reply, status)
        assert checks["endpoint"].outcome == "warning"

    async def test_a_key_that_is_refused_fails(self):
        checks = await self.asked(b"{}", 401)
        assert checks["endpoint"].outcome == "failed"
        assert "LLM_API_KEY" in (checks["endpoint"].fix or "")


@requires("node")
class TestQdrant:
    async def test_looking_at_a_collection_that_names_no_model_changes_nothing(
        self, gemini: GeminiStandIn, qdrant: QdrantShim
    ):
        async with collection(qdrant) as variables:
            index = QdrantIndex(qdrant.url, qdrant.api_key, variables["QDRANT_COLLECTION"])
            await index._api.merge_metadata(variables["QDRANT_COLLECTION"], {"embedding_model": None})
            checks = await looked_at(gemini.settings | variables)
            assert (await index.state()).embedding_model is None
            await index.close()
        assert checks["embedding model"].outcome == "ok"
        assert "names none" in checks["embedding model"].detail

    async def test_a_collection_without_terms_is_told_as_dense(
        self, gemini: GeminiStandIn, qdrant: QdrantShim
    ):
        name = f"book-{uuid4().hex}"
        index = QdrantIndex(qdrant.url, qdrant.api_key, name)
        made_with = {"embedding_model": "gemini-embedding-001"}
        unnamed = {"vectors": {"size": 768, "distance": "Cosine"}, "metadata": made_with}
        await index._api._tell("PUT", f"/collections/{name}", unnamed)
        point = {"id": 7, "vector": [1.0] + [0.0] * 767, "payload": {"content": "Said."}}
        await index._api.upsert(name, [point])
        await index.close()
        variables = {
            "QDRANT_URL": qdrant.url,
            "QDRANT_API_KEY": qdrant.api_key,
            "QDRANT_COLLECTION": name,
        }
        checks = await looked_at(gemini.settings | variables)
        assert outcomes(checks, "qdrant", "collection", "embedding model") == ["ok", "ok", "ok"]
        assert "searched by meaning only (dense)" in checks["collection"].detail

    async def test_a_collection_of_another_model_fails(self, gemini: GeminiStandIn, qdrant: QdrantShim):
        async with collection(qdrant, "text-embedding-004") as variables:
            checks = await looked_at(gemini.settings | variables)
        assert outcomes(checks, "qdrant", "collection", "embedding model") == ["ok", "ok", "failed"]
        assert "ragspace ingest --rebuild" in (checks["embedding model"].fix or "")

    async def test_an_empty_collection_fails(self, gemini: GeminiStandIn, qdrant: QdrantShim):
        async with collection(qdrant, filled=False) as variables:
            checks = await looked_at(gemini.settings | variables)
        assert outcomes(checks, "qdrant", "collection") == ["ok", "failed"]
        assert "ragspace ingest" in (checks["collection"].fix or "")

    async def test_a_collection_that_is_not_there_fails(self, gemini: GeminiStandIn, qdrant: QdrantShim):
        async with collection(qdrant) as variables:
            checks = await looked_at(gemini.settings | variables | {"QDRANT_COLLECTION": "none"})
        assert checks["qdrant"].outcome == "failed"
        assert "ragspace ingest" in (checks["qdrant"].fix or "")

    async def test_a_key_that_is_refused_fails(self, gemini: GeminiStandIn, qdrant: QdrantShim):
        async with collection(qdrant) as variables:
            checks = await looked_at(gemini.settings | variables | {"QDRANT_API_KEY": MARKED})
        assert (checks["qdrant"].outcome, "refuses QDRANT_API_KEY" in checks["qdrant"].detail) == (
            "failed",
            True,
        )

    async def test_a_port_that_cannot_be_reached_fails_by_its_number(
        self, gemini: GeminiStandIn, qdrant: QdrantShim
    ):
        port = free_port()
        away = {"QDRANT_URL": f"http://{LOOPBACK}:{port}", "QDRANT_API_KEY": MARKED}
        checks = await looked_at(gemini.settings | away)
        assert (checks["qdrant"].outcome, checks["qdrant"].detail) == (
            "failed",
            f"Port {port} cannot be reached.",
        )


class TestPostgres:
    async def test_looking_makes_no_tables(self, postgres: Postgres, database: str):
        checks = await looked_at({"DATABASE_URL": postgres_url(postgres.port, database)})
        assert checks["postgres tables"].outcome == "ok"
        assert "taken back" in checks["postgres tables"].detail
        assert await postgres.fetch("SELECT 1 FROM pg_tables WHERE schemaname = 'public'", database) == []

    async def test_a_role_without_rights_fails(self, postgres: Postgres, database: str):
        role = await postgres.create_role()
        checks = await looked_at({"DATABASE_URL": postgres_url(postgres.port, database, user=role)})
        assert outcomes(checks, "postgres", "postgres tables") == ["ok", "failed"]
        assert "CREATE TABLE conversations" in (checks["postgres tables"].fix or "")

    @requires("pgbouncer")
    async def test_a_pooler_and_its_encryption_are_seen(self, pgbouncer: PgBouncer, database: str):
        for mode, outcome, told in (
            ("require", "ok", "is not verified"),
            ("prefer", "ok", "is not verified"),
            ("disable", "ok", "None"),
        ):
            url = postgres_url(pgbouncer.port, database, sslmode=mode)
            checks = await looked_at({"DATABASE_URL": url})
            assert checks["postgres pooling"].detail == "Pooled."
            assert checks["postgres encryption"].outcome == outcome
            assert told in checks["postgres encryption"].detail
            assert checks["postgres tables"].outcome == "ok"

    @requires("pgbouncer")
    async def test_a_verified_certificate_is_told(self, pgbouncer: PgBouncer, database: str):
        authority = str(pgbouncer.certificates.authority)
        url = postgres_url(pgbouncer.port, database, sslmode="verify-full", sslrootcert=authority)
        checks = await looked_at({"DATABASE_URL": url})
        assert checks["postgres encryption"].detail == "TLS, the certificate is verified."

    async def test_a_database_of_its_own_is_told_as_not_pooled(self, postgres: Postgres, database: str):
        checks = await looked_at({"DATABASE_URL": postgres_url(postgres.port, database)})
        assert checks["postgres pooling"].detail.startswith("Not pooled")

    @pytest.mark.parametrize(
        ("changed", "told"),
        [
            ({"password": MARKED}, "rejects the credentials"),
            ({"database": "none"}, "does not exist"),
            ({"port": "closed"}, "cannot be reached"),
            ({"sslmode": "require"}, "does not offer the encryption"),
            ({"sslmode": "verify-full", "sslrootcert": "/none.pem"}, "certificate file"),
        ],
        ids=["password", "database", "port", "no TLS", "certificate"],
    )
    async def test_what_keeps_it_from_connecting_is_one_line_with_its_fix(
        self, postgres: Postgres, database: str, changed: dict[str, str], told: str
    ):
        changed = dict(changed)
        port = free_port() if changed.pop("port", None) else postgres.port
        url = postgres_url(port, changed.pop("database", database), **changed)
        checks = await looked_at({"DATABASE_URL": url})
        lines = [check for name, check in checks.items() if name.startswith("postgres")]
        assert [check.outcome for check in lines] == ["failed"]
        assert told in lines[0].detail
        assert "DATABASE_URL" in (lines[0].fix or "")


class TestPorts:
    async def test_neons_way_over_443_is_tried(self, postgres: Postgres, database: str, tmp_path: Path):
        url = {"DATABASE_URL": postgres_url(postgres.port, database)}
        async with NeonProxy(postgres.port, make_certificates(tmp_path)) as neon:
            known = {LOOPBACK: "neon"}
            works = await looked_at(url, egress=Egress(hosted=known, https_port=neon.port, tls=neon.trusting))
            carried = neon.carried
            untrusted = await looked_at(url, egress=Egress(hosted=known, https_port=neon.port))
            assert (carried, neon.carried) == (1, 1)
        assert works["port of DATABASE_URL"].outcome == "ok"
        assert works["postgres pooling"].outcome == "warning"
        assert untrusted["port of DATABASE_URL"].outcome == "warning"

    async def test_qdrant_clouds_443_is_tried(self, qdrant: QdrantShim, tmp_path: Path):
        certificates = make_certificates(tmp_path)
        trusting = ssl.create_default_context(cafile=str(certificates.authority))
        url = {"QDRANT_URL": qdrant.url, "QDRANT_API_KEY": qdrant.api_key, "QDRANT_COLLECTION": "none"}
        async with Edge(qdrant.url, certificates=certificates) as edge:
            known, port = {LOOPBACK: "qdrant cloud"}, urlsplit(edge.url).port or 0
            works = await looked_at(url, egress=Egress(hosted=known, https_port=port, tls=trusting))
            untrusted = await looked_at(url, egress=Egress(hosted=known, https_port=port))
        assert works["port of QDRANT_URL"].outcome == untrusted["port of QDRANT_URL"].outcome == "warning"
        assert works["port of QDRANT_URL"].fix == "End QDRANT_URL with :443."
        assert "does not work" in untrusted["port of QDRANT_URL"].detail

    async def test_a_host_that_is_this_machine_is_none_for_a_space(self, postgres: Postgres, database: str):
        checks = await looked_at({"DATABASE_URL": postgres_url(postgres.port, database)})
        assert "this machine" in checks["port of DATABASE_URL"].detail

    async def test_what_happens_at_another_host_is_told(self):
        checks = await looked_at({"DATABASE_URL": "postgresql://u:p@no-such-host.invalid/d"})
        assert outcomes(checks, "postgres", "port of DATABASE_URL") == ["failed", "warning"]
        assert "port_blocked" in checks["port of DATABASE_URL"].detail
        sure = await looked_at({"DATABASE_URL": "postgresql://u:p@no-such-host.invalid:8080/d"})
        assert sure["port of DATABASE_URL"].outcome == "ok"


async def test_services_whose_variables_are_wrong_are_not_asked(qdrant: QdrantShim):
    qdrant.reset()
    checks = await looked_at({"DATABASE_URL": MARKED, "QDRANT_URL": qdrant.url}, production=True)
    assert outcomes(checks, "postgres", "qdrant", "language model") == ["skipped", "skipped", "skipped"]
    assert not qdrant.requests


async def test_with_nothing_configured_nothing_fails():
    checks = await looked_at({})
    assert {check.outcome for check in checks.values()} == {"ok", "skipped", "warning"}
    assert outcomes(checks, "qdrant", "postgres", "embedding") == ["skipped", "skipped", "ok"]


async def test_a_server_that_answers_nothing_ends_the_look_in_time(postgres: Postgres, database: str):
    with socket.create_server((LOOPBACK, 0)) as silent:
        url = postgres_url(silent.getsockname()[1], database, connect_timeout="1")
        checks = await looked_at({"DATABASE_URL": url})
    assert (checks["postgres"].outcome, "in time" in checks["postgres"].detail) == ("failed", True)
