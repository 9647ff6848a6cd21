"""A private service, its metrics, and turns where more is asked than may be answered."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from tests.attack.conftest import ORIGIN
from tests.support.chat import ask
from tests.support.gemini import Answer, GeminiStandIn
from tests.support.server import RunningServer
from tests.support.skips import requires

KEY = "a-key-of-at-least-16-characters"
TOKEN = "a-token-of-at-least-16-characters"
QUESTION = "Which secrets does the Space need?"


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    environment = {
        "RAGSPACE_MODE": "embedded",
        "API_KEY": KEY,
        "METRICS_TOKEN": TOKEN,
        "ALLOWED_ORIGINS": ORIGIN,
        "LOG_CONTENT": "1",
    }
    with RunningServer(tmp_path_factory.mktemp("private"), environment) as server:
        yield server


@pytest.fixture
async def client(private: RunningServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(private.url) as session:
        yield session


async def test_without_the_key_nothing_is_asked(client: aiohttp.ClientSession):
    for headers in ({}, {"X-API-Key": "wrong"}, {"Authorization": f"Bearer {TOKEN}"}):
        async with client.post("/api/chat", json={"message": QUESTION}, headers=headers) as response:
            body = await response.json()
        assert (response.status, body["error"]["code"]) == (401, "unauthorized")
        assert response.headers["www-authenticate"] == "Bearer"
    async with client.get("/api/health") as response:
        assert response.status == 200


async def test_a_page_that_has_the_key_may_send_it(client: aiohttp.ClientSession):
    preflight = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-api-key",
    }
    async with client.options("/api/chat", headers=preflight) as response:
        assert response.status == 200
    headers = {"Origin": ORIGIN, "X-API-Key": KEY}
    async with client.post("/api/chat", json={"message": QUESTION}, headers=headers) as response:
        assert response.status == 200
        assert response.headers["access-control-allow-origin"] == ORIGIN


async def test_metrics_count_what_happened_for_whoever_has_the_token(private: RunningServer):
    async with aiohttp.ClientSession(private.url, headers={"X-API-Key": KEY}) as client:
        heard = await ask(client, QUESTION)
        async with client.get("/api/no/such/thing") as response:
            assert response.status == 404
        async with client.get("/metrics") as response:
            assert response.status == 401
    async with (
        aiohttp.ClientSession(private.url, headers={"Authorization": f"Bearer {TOKEN}"}) as client,
        client.get("/metrics") as response,
    ):
        told = await response.text()
    lines = dict(line.rsplit(" ", 1) for line in told.splitlines() if not line.startswith("#"))
    finish = heard.last["finish_reason"]
    assert float(lines[f'ragspace_answers_total{{finish="{finish}"}}']) >= 1
    assert float(lines["ragspace_first_token_seconds_count"]) >= 1
    assert float(lines['ragspace_requests_total{method="POST",route="/api/chat",status="200"}']) >= 1
    assert float(lines['ragspace_requests_total{method="GET",route="none",status="404"}']) >= 1
    assert lines['ragspace_service_up{reason="",service="qdrant"}'] == "1.0"
    assert lines["ragspace_running_answers"] == "0.0"
    assert heard.metadata["message_id"] not in told


async def test_content_is_logged_where_that_is_asked_for(private: RunningServer):
    async with aiohttp.ClientSession(private.url, headers={"X-API-Key": KEY}) as client:
        heard = await ask(client, "How do I set the marked setting?")
    assert "How do I set the marked setting?" in private.log
    assert heard.metadata["message_id"] in private.log


async def test_content_is_not_logged_and_metrics_are_not_there_by_default(attacked: RunningServer):
    async with aiohttp.ClientSession(attacked.url) as client:
        await ask(client, "An unlogged question about secrets?")
        async with client.get("/metrics") as response:
            assert response.status == 404
    assert "unlogged question" not in attacked.log


async def test_every_response_says_what_a_browser_may_make_of_it(attacked: RunningServer):
    async with aiohttp.ClientSession(attacked.url) as client:
        for path in ("/", "/docs", "/openapi.json", "/api/health", "/api/nothing", "/api/chat"):
            async with client.get(path) as response:
                assert response.headers["x-content-type-options"] == "nosniff"
                assert response.headers["referrer-policy"]
                policy = response.headers["content-security-policy"]
                assert policy.startswith("default-src 'none'")
                assert "unsafe" not in policy
                if path.startswith("/api"):
                    assert response.headers["cache-control"] == "no-store"


async def test_no_redirect_names_a_scheme(attacked: RunningServer):
    async with (
        aiohttp.ClientSession(attacked.url) as client,
        client.get("/api/health/", allow_redirects=False) as response,
    ):
        assert response.status == 404


@requires("node")
async def test_a_client_who_asks_much_does_not_keep_the_others_from_their_turn(
    gemini: GeminiStandIn, tmp_path_factory: pytest.TempPathFactory
):
    environment = {
        "GEMINI_API_KEY": gemini.api_key,
        "GEMINI_BASE_URL": gemini.url,
        "GEMINI_MODEL": "gemini-3.5-flash",
        "EMBEDDING_PROVIDER": "local",
        "ANSWER_CACHE_ANSWERS": "0",
        "MAX_RUNNING_ANSWERS": "1",
        "MAX_WAITING_QUESTIONS": "5",
        "TRUSTED_HOPS": "1",
        "RATE_LIMIT": "1000/minute",
    }
    gemini.script(Answer("The Space needs several secrets [1]. " * 3), times=50)
    ended: list[tuple[str, int]] = []
    with RunningServer(tmp_path_factory.mktemp("turns"), environment) as server:
        async with aiohttp.ClientSession(server.url) as client:

            async def asks(who: str, number: int) -> None:
                headers = {"X-Forwarded-For": who}
                question = {"message": f"{QUESTION} {who} {number}"}
                async with client.post("/api/chat", json=question, headers=headers) as response:
                    body = await response.read()
                    if response.status == 429:
                        assert response.headers["Retry-After"] == "5"
                        assert b"rate_limited" in body
                    ended.append((who, response.status))

            busy = [asyncio.create_task(asks("203.0.113.1", number)) for number in range(12)]
            await asyncio.sleep(0.1)
            await asks("203.0.113.2", 0)
            await asyncio.gather(*busy)
    by_client = {who: [status for name, status in ended if name == who] for who, _ in ended}
    assert by_client["203.0.113.2"] == [200]
    assert by_client["203.0.113.1"].count(429) >= 6
    assert by_client["203.0.113.1"].count(200) >= 3
