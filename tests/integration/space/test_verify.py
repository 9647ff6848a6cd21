"""A real server, and the same behind proxies that break one thing each: each defect has its own line."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from ragspace.errors import RagspaceError
from ragspace.space.checks import Check, passed
from ragspace.space.verification.hub import Hub
from ragspace.space.verify import verify
from tests.support.certificates import make_certificates
from tests.support.edge import Edge, Faults
from tests.support.frozen_backend import ORIGIN as FROZEN_ORIGIN
from tests.support.frozen_backend import FrozenBackend
from tests.support.gemini import Answer, GeminiStandIn, replies
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.server import RunningServer
from tests.support.servers import LOOPBACK, free_port
from tests.support.skips import requires

BOOK = Path(__file__).parents[2] / "fixtures" / "book" / "docs"
ORIGIN = "https://my-app.vercel.app"
LONG = "The Space needs several secrets, and each of them is set in its settings [1]. " * 4
ORIGINS = ["preflight", "allowed origin", "foreign origin"]
MARKED = "marked-secret-1234"
COMMON = {"ALLOWED_ORIGINS": ORIGIN, "RATE_LIMIT": "10000/minute"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Built-in parts over the sample documents."""
    with RunningServer(tmp_path_factory.mktemp("built-in"), COMMON) as running:
        yield running


@pytest.fixture(scope="module")
def writing_server(
    gemini_stand_in: GeminiStandIn, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Gemini writes."""
    environment = COMMON | {
        **gemini_stand_in.settings,
        "GEMINI_MODEL": "gemini-3.5-flash",
        "EMBEDDING_PROVIDER": "local",
        "KEEP_ALIVE_SECONDS": "0.1",
    }
    with RunningServer(tmp_path_factory.mktemp("writing"), environment) as running:
        yield running


@pytest.fixture
def slow_answers(gemini: GeminiStandIn) -> GeminiStandIn:
    return gemini.script(Answer(LONG, pace_s=0.05))


def outcomes(checks: list[Check]) -> dict[str, str]:
    return {check.name: check.outcome for check in checks}


def failed(checks: list[Check]) -> list[str]:
    return [check.name for check in checks if check.outcome == "failed"]


def line(checks: list[Check], name: str) -> Check:
    (found,) = [check for check in checks if check.name == name]
    return found


async def behind(server: RunningServer, faults: Faults, **options: object) -> list[Check]:
    async with Edge(server.url, faults) as edge:
        return await verify(edge.url, origin=ORIGIN, patience=4, **options)  # type: ignore[arg-type]


async def test_a_server_on_built_in_parts_passes_every_line_that_applies(server: RunningServer):
    told: list[Check] = []
    checks = await verify(server.url, origin=ORIGIN, progress=told.append)
    assert told == checks
    assert failed(checks) == []
    skipped = [name for name, outcome in outcomes(checks).items() if outcome == "skipped"]
    assert skipped == ["certificate", "https only", "edge", "stream", "keep-alive"]
    assert [check.name for check in checks if check.outcome == "warning"] == ["qdrant"]
    assert "not yours" in line(checks, "qdrant").detail


async def test_us1_scenario_3_a_streaming_server_passes(
    writing_server: RunningServer, slow_answers: GeminiStandIn
):
    checks = await verify(writing_server.url, origin=ORIGIN)
    assert failed(checks) == []
    assert line(checks, "stream").outcome == "ok"
    assert line(checks, "sources").outcome == "ok"
    assert line(checks, "resume").outcome == "ok"


async def test_nothing_is_left_behind(server: RunningServer):
    async with Edge(server.url) as edge:
        await verify(edge.url)
        deleted = [path for method, path, _ in edge.asked if method == "DELETE"]
        assert len(deleted) == 1
        async with aiohttp.ClientSession(server.url) as client, client.get(deleted[0]) as response:
            assert response.status == 404


async def test_an_answer_that_breaks_off_is_deleted_too(server: RunningServer):
    async with Edge(server.url, Faults(cuts="/api/chat")) as edge:
        checks = await verify(edge.url)
        assert any(method == "DELETE" for method, _, _ in edge.asked)
    assert outcomes(checks)["deletion"] == "ok"


@requires("node")
async def test_a_verification_that_is_interrupted_deletes_what_it_asked(
    writing_server: RunningServer, gemini: GeminiStandIn
):
    gemini.script(Answer(LONG, pace_s=0.5))
    async with Edge(writing_server.url) as edge:
        verifying = asyncio.create_task(verify(edge.url))
        while not gemini.asked("generate"):
            await asyncio.sleep(0.02)
        await asyncio.sleep(1)
        verifying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await verifying
        assert edge.asked[-1][0] == "DELETE"


async def test_documents_of_ones_own_are_asked_about_what_is_nearest(tmp_path: Path):
    server = RunningServer(tmp_path, {"RAGSPACE_MODE": "embedded"})
    ingest = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ragspace", "ingest", str(BOOK)), env=server.environment, cwd=tmp_path
    )
    assert await ingest.wait() == 0
    with server:
        checks = await verify(server.url)
    assert failed(checks) == []
    assert outcomes(checks)["qdrant"] == outcomes(checks)["sources"] == "ok"


async def test_without_an_origin_cross_origin_lines_are_skipped_and_foreign_pages_still_refused(
    server: RunningServer,
):
    checks = await verify(server.url)
    assert outcomes(checks)["preflight"] == outcomes(checks)["allowed origin"] == "skipped"
    assert outcomes(checks)["foreign origin"] == "ok"


async def test_fr_009_an_origin_that_the_server_does_not_know_is_found(server: RunningServer):
    checks = await verify(server.url, origin="https://other.example")
    assert failed(checks) == ["preflight", "allowed origin"]
    assert "ALLOWED_ORIGINS" in (line(checks, "allowed origin").fix or "")
    assert outcomes(checks)["chat"] == "ok"


async def test_a_buffered_stream_is_found_out(writing_server: RunningServer, slow_answers: GeminiStandIn):
    checks = await behind(writing_server, Faults(buffers=True))
    assert failed(checks) == ["stream"]
    assert "buffered" in line(checks, "stream").detail


async def test_an_answer_that_is_quoted_cannot_show_its_pace(server: RunningServer):
    checks = await behind(server, Faults(buffers=True))
    assert failed(checks) == []
    assert line(checks, "stream").outcome == "skipped"


@requires("node")
async def test_comments_in_a_silent_stream_are_seen(writing_server: RunningServer, gemini: GeminiStandIn):
    gemini.script(Answer(LONG, first_chunk_s=2.2, pace_s=0.05))
    checks = await verify(writing_server.url)
    assert line(checks, "keep-alive").outcome == "ok"


@pytest.mark.parametrize(
    ("faults", "found"),
    [
        (Faults(drops=frozenset({"access-control-allow-origin"})), ["preflight", "allowed origin"]),
        (Faults(drops_from_requests=frozenset({"origin"})), ORIGINS),
        (Faults(drops_from_requests=frozenset({"last-event-id"})), ["resume"]),
        (Faults(drops=frozenset({"content-security-policy"})), ["security headers"]),
        (Faults(drops=frozenset({"x-request-id"})), ["request id"]),
        (Faults(adds={"Server": "nginx/1.25.3"}), ["server version"]),
        (Faults(statuses={("HEAD", "/"): 405}), ["HEAD /"]),
        (Faults(statuses={("GET", "/"): 502}), ["page", "security headers"]),
        (Faults(statuses={("POST", "/api/chat"): 502}), ["error 422", *ORIGINS[1:], "chat"]),
        (Faults(cuts="/api/chat"), ["chat"]),
        (Faults(appends={"/": b"<!-- postgresql://me:marked-1@db.example/chat -->"}), ["no secret"]),
        (Faults(appends={"/openapi.json": b"AIzaSyD-marked-marked-marked-marked-000"}), ["no secret"]),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
async def test_a_fault_is_found_by_its_own_line(server: RunningServer, faults: Faults, found: list[str]):
    checks = await behind(server, faults)
    lines = failed(checks)
    if faults.cuts:
        assert "chat" in lines
    else:
        assert lines == found
    assert all(check.fix for check in checks if check.outcome == "failed")
    assert not passed(checks)


async def test_a_preflight_that_is_reflected_on_the_way_fails_nothing(server: RunningServer):
    checks = await behind(server, Faults(reflects_preflights=True))
    assert failed(checks) == []
    assert line(checks, "foreign preflight").outcome == "warning"
    assert line(checks, "foreign origin").outcome == "ok"


async def test_the_value_of_a_local_secret_is_found_and_not_shown(server: RunningServer):
    faults = Faults(appends={"/docs": f"<!-- {MARKED} -->".encode()})
    checks = await behind(server, faults, secrets={"QDRANT_API_KEY": MARKED})
    assert failed(checks) == ["no secret"]
    assert "QDRANT_API_KEY in GET /docs" in line(checks, "no secret").detail
    assert MARKED not in str(checks)


async def test_a_secret_in_a_header_is_found(server: RunningServer):
    checks = await behind(server, Faults(adds={"X-Debug": MARKED}), secrets={"DATABASE_URL": MARKED})
    assert failed(checks) == ["no secret"]


@requires("node")
async def test_a_secret_that_an_answer_tells_is_found_although_tokens_cut_it(
    writing_server: RunningServer, gemini: GeminiStandIn
):
    gemini.script(Answer(f"The key is {MARKED}, as it stands in the documents [1].", chunk_size=5))
    checks = await verify(writing_server.url, secrets={"GEMINI_API_KEY": MARKED})
    assert failed(checks) == ["no secret"]


async def test_edge_case_a_sleeping_space_is_waited_for(server: RunningServer):
    waits: list[str] = []
    checks = await behind(server, Faults(asleep_for=6), waiting=waits.append)
    assert failed(checks) == []
    assert len(waits) == 1
    assert "asleep" in waits[0]


async def test_a_space_that_does_not_wake_up_is_told(server: RunningServer):
    async with Edge(server.url, Faults(asleep_for=1000)) as edge:
        checks = await verify(edge.url, patience=0.5)
    assert failed(checks) == ["live"]
    assert "did not wake up" in line(checks, "live").detail


async def test_an_address_where_nobody_listens_is_told():
    checks = await verify(f"http://{LOOPBACK}:{free_port()}", patience=0.2)
    assert failed(checks) == ["live"]
    assert "nothing listens" in line(checks, "live").detail


async def test_something_else_than_ragspace_is_told():
    async with ScriptedUpstream() as other:
        other.reply(b"<html>hello</html>", content_type="text/html")
        checks = await verify(other.url, patience=1)
    assert failed(checks) == ["live"]
    assert "Something else" in line(checks, "live").detail


async def test_a_private_space_answers_with_its_token_and_a_warning(server: RunningServer):
    checks = await behind(server, Faults(token="hf_good"), token="hf_good")
    assert failed(checks) == []
    assert "private" in line(checks, "visibility").detail


async def test_a_public_space_is_not_shown_the_token(server: RunningServer):
    async with Edge(server.url) as edge:
        await verify(edge.url, token="hf_good")
        assert not any("Authorization" in headers for _, _, headers in edge.asked)


@pytest.mark.parametrize(
    ("token", "hub", "told"),
    [
        (None, None, "is private, or there is none"),
        ("hf_bad", None, "there is no Space at this address, or the token may not read it"),
        ("hf_bad", {"id": "me/demo", "runtime": {"stage": "RUNNING"}}, "me/demo is there, but does not let"),
    ],
)
async def test_private_is_told_from_missing(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, token: str | None, hub: dict | None, told: str
):
    monkeypatch.setattr("ragspace.space.verification.site.SPACES_DOMAIN", LOOPBACK)
    async with ScriptedUpstream() as hub_server:
        hub_server.reply_json(hub or {"error": "Repository not found"}, status=200 if hub else 404)
        async with Edge(server.url, Faults(token="hf_good")) as edge:
            checks = await verify(edge.url, token=token, patience=1, hub=Hub(token, hub_server.url))
    assert failed(checks) == ["live"]
    assert told in line(checks, "live").detail
    assert hub_server.asked[0].path == "/api/spaces/by-subdomain/127"


async def test_a_paused_space_is_not_waited_for(server: RunningServer):
    async with ScriptedUpstream() as hub_server:
        hub_server.reply_json({"id": "me/demo", "runtime": {"stage": "PAUSED"}})
        async with Edge(server.url, Faults(asleep_for=1000)) as edge:
            async with asyncio.timeout(30):
                checks = await verify(edge.url, patience=300, hub=Hub(None, hub_server.url))
    assert failed(checks) == ["live"]
    assert "paused" in line(checks, "live").detail
    assert "ragspace restart me/demo" in (line(checks, "live").fix or "")


async def test_a_certificate_of_ones_own_is_not_trusted_and_nothing_is_sent(
    server: RunningServer, tmp_path: Path
):
    async with Edge(server.url, certificates=make_certificates(tmp_path)) as edge:
        checks = await verify(edge.url, token="hf_good")
        assert edge.asked == []
    assert failed(checks) == ["certificate"]
    assert not passed(checks)


async def test_a_certificate_of_a_trusted_authority_passes(
    server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    certificates = make_certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    async with Edge(server.url, certificates=certificates) as edge:
        checks = await verify(edge.url)
    assert failed(checks) == []
    assert "It ends in" in (line(checks, "certificate").fix or "")


@requires("node")
async def test_an_unavailable_service_is_told_with_its_action(
    writing_server: RunningServer, gemini: GeminiStandIn
):
    gemini.script(replies.quota_exceeded(per="Day"))
    first = await verify(writing_server.url)
    assert failed(first) == ["chat"]
    assert "quota_exceeded" in line(first, "chat").detail
    second = await verify(writing_server.url)
    assert failed(second) == ["health", "gemini", "chat"]
    assert "EXTRACTIVE_FALLBACK" in (line(second, "gemini").fix or "")


async def test_another_build_than_the_one_awaited_is_told(tmp_path: Path):
    with RunningServer(tmp_path, {"RAGSPACE_BUILD_ID": "b1"}) as server:
        right = await verify(server.url, build_id="b1")
        wrong = await verify(server.url, build_id="b2", patience=0.5)
    assert line(right, "build").outcome == "ok"
    assert failed(wrong) == ["build"]


async def test_a_backend_that_knows_only_the_frozen_part_fails_nothing():
    async with FrozenBackend() as backend:
        checks = await verify(backend.url, origin=FROZEN_ORIGIN)
    assert failed(checks) == []
    told = outcomes(checks)
    assert {told[name] for name in ("live", "page", "HEAD /", "security headers", "resume", "deletion")} == {
        "skipped"
    }
    assert {told[name] for name in ("health", "chat", "stream", "sources", "conversation")} == {"ok"}


@pytest.mark.parametrize("url", ["me/demo", "ftp://x", "https://", "https://me:pw@x.example"])
async def test_what_is_no_address_is_refused(url: str):
    with pytest.raises(RagspaceError, match="no address"):
        await verify(url)


async def test_the_spaces_page_on_the_hub_is_told_from_its_address():
    with pytest.raises(RagspaceError, match="page on the Hub"):
        await verify("https://huggingface.co/spaces/me/demo")


@pytest.mark.parametrize(
    "origin", ["my-app.vercel.app", "https://my-app-*.vercel.app", "https://a.example/path"]
)
async def test_what_is_no_origin_is_refused(origin: str):
    with pytest.raises(RagspaceError, match="no origin"):
        await verify("http://127.0.0.1:1", origin=origin)
