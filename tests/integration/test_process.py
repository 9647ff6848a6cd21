"""The process: what stops its start, what does not, and how it ends."""

import asyncio
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from tests.support.chat import ask, events
from tests.support.gemini import Answer, GeminiStandIn
from tests.support.postgres import Postgres, database, postgres, postgres_url
from tests.support.server import RunningServer
from tests.support.servers import free_port
from tests.support.skips import requires

__all__ = ["database", "postgres"]

QUESTION = "Which secrets does the Space need?"


def refused(tmp_path: Path, environment: dict[str, str]) -> str:
    """What a start prints that ends with exit code 78, without a traceback."""
    server = RunningServer(tmp_path, environment, until="nothing")
    server.start()
    assert server.wait_for_exit() == 78, server.log
    assert "Traceback" not in server.log
    return server.log


def test_us2_scenario_3_missing_secrets_stop_the_start_by_name(tmp_path: Path):
    log = refused(tmp_path, {"SPACE_ID": "me/demo", "QDRANT_API_KEY": "marked-secret-value"})
    for name in ("GEMINI_API_KEY", "QDRANT_URL", "DATABASE_URL"):
        assert f"{name}: is missing" in log
    assert "QDRANT_API_KEY:" not in log
    assert "marked" not in log


def test_edge_case_a_malformed_database_url_stops_the_start(tmp_path: Path):
    log = refused(tmp_path, {"DATABASE_URL": "postgres//me:marked-secret-value@db"})
    assert "DATABASE_URL: malformed" in log
    assert "marked" not in log


async def test_a_wrong_password_stops_the_start(tmp_path: Path, postgres: Postgres, database: str):
    role = await postgres.create_role()
    url = postgres_url(postgres.port, database, user=role, password="marked-wrong-password")
    log = await asyncio.to_thread(refused, tmp_path, {"DATABASE_URL": url})
    assert "DATABASE_URL" in log
    assert "marked" not in log


async def test_a_missing_database_stops_the_start(tmp_path: Path, postgres: Postgres):
    log = await asyncio.to_thread(refused, tmp_path, {"DATABASE_URL": postgres_url(postgres.port, "absent")})
    assert "DATABASE_URL" in log


def test_a_taken_port_is_told(tmp_path: Path):
    server = RunningServer(tmp_path, until="nothing")
    with socket.create_server(("127.0.0.1", server.port)):
        server.start()
        assert server.wait_for_exit() == 78
    assert f"port {server.port}" in server.log
    assert "Traceback" not in server.log


async def test_an_unreachable_database_only_degrades_the_start(tmp_path: Path):
    url = postgres_url(free_port(), "chat")
    with RunningServer(tmp_path, {"DATABASE_URL": url}, until="live") as server:
        server.wait_for("it was checked", lambda: server.health()["status"] != "starting")
        report = server.health()
        assert report["status"] == "degraded"
        assert report["services"]["postgres"]["status"] == "unavailable"
        assert report["services"]["postgres"]["reason"] == "unreachable"
        async with aiohttp.ClientSession(server.url) as client:
            heard = await ask(client, QUESTION)
            assert heard.last["type"] == "done"
            async with client.post(
                "/api/chat",
                json={"message": "and?", "conversation_id": "0b9f7f3c-1f7e-4c7e-9a53-0123456789ab"},
            ) as response:
                assert (response.status, (await response.json())["error"]["code"]) == (
                    503,
                    "storage_unavailable",
                )


async def test_an_answer_whose_process_was_killed_is_not_called_running_for_ever(tmp_path: Path):
    with RunningServer(tmp_path) as server:
        async with aiohttp.ClientSession(server.url) as client:
            heard = await ask(client, QUESTION)
        server.stop()
        with closing(sqlite3.connect(server.data_dir / "conversations.db")) as database, database:
            database.execute("UPDATE messages SET status = 'running', created_at = '2020-01-01 00:00:00'")
        server.start()
        async with (
            aiohttp.ClientSession(server.url) as client,
            client.get(f"/api/conversation/{heard.metadata['conversation_id']}") as response,
        ):
            answer = (await response.json())["messages"][1]
    assert answer["status"] == "incomplete"


async def test_fr_012_the_tables_are_made_when_the_database_comes_up_later(
    tmp_path: Path, postgres: Postgres, database: str
):
    with RunningServer(
        tmp_path, {"DATABASE_URL": postgres_url(postgres.port, database)}, until="nothing"
    ) as server:
        with postgres.stopped():
            server.wait_for("it is degraded", lambda: _status(server) == "degraded")
            async with aiohttp.ClientSession(server.url) as client:
                heard = await ask(client, QUESTION)
        server.wait_for("it is healthy", lambda: _status(server) == "healthy")
        async with aiohttp.ClientSession(server.url) as client, asyncio.timeout(20):
            path = f"/api/conversation/{heard.metadata['conversation_id']}"
            while await _get_status(client, path) != 200:
                await asyncio.sleep(0.1)
    rows = await postgres.fetch("SELECT role, content FROM messages ORDER BY created_at", database)
    assert [row["role"] for row in rows] == ["user", "assistant"]
    assert rows[1]["content"] == heard.text


async def _get_status(client: aiohttp.ClientSession, path: str) -> int:
    async with client.get(path) as response:
        return response.status


def _status(server: RunningServer) -> str:
    try:
        return str(server.health()["status"])
    except OSError:
        return "not yet"


@requires("node")
async def test_sigterm_lets_a_running_answer_finish(tmp_path: Path, gemini: GeminiStandIn):
    gemini.script(Answer("It needs four secrets [1].", first_chunk_s=0.5, pace_s=0.05))
    with RunningServer(tmp_path, _gemini(gemini)) as server:
        async with aiohttp.ClientSession(server.url) as client:
            asking = asyncio.create_task(ask(client, QUESTION))
            while not gemini.asked("generate"):
                await asyncio.sleep(0.01)
            stopping = asyncio.create_task(asyncio.to_thread(server.stop))
            heard = await asking
            assert heard.last["type"] == "done"
            assert await stopping == 0


@requires("node")
async def test_sigterm_ends_an_answer_that_takes_too_long_and_keeps_it(tmp_path: Path, gemini: GeminiStandIn):
    gemini.script(Answer("It needs four secrets [1]. " * 40, pace_s=0.2))
    with RunningServer(tmp_path, _gemini(gemini) | {"DRAIN_SECONDS": "0.5"}) as server:
        async with aiohttp.ClientSession(server.url) as client:
            async with client.post("/api/chat", json={"message": QUESTION}) as response:
                stream = events(response)
                _, metadata = await anext(stream)
                stopping = asyncio.create_task(asyncio.to_thread(server.stop))
                told = [event async for _, event in stream]
            assert (told[-1]["type"], told[-1]["code"]) == ("error", "shutting_down")
            assert await stopping == 0
        await asyncio.to_thread(server.start)
        async with (
            aiohttp.ClientSession(server.url) as client,
            client.get(f"/api/conversation/{metadata['conversation_id']}") as response,
        ):
            answer = (await response.json())["messages"][1]
            text = "".join(event["content"] for event in told if event["type"] == "token")
            assert (answer["status"], answer["content"]) == ("incomplete", text)
        async with (
            aiohttp.ClientSession(server.url) as client,
            client.get(f"/api/chat/{metadata['message_id']}/stream") as response,
        ):
            replayed = [event async for _, event in events(response)]
        assert replayed[0]["replay"] is True
        assert replayed[1]["content"] == text
        assert replayed[-1]["code"] == "shutting_down"


@requires("node")
async def test_with_the_quota_spent_the_fallback_quotes_from_the_documents(
    tmp_path: Path, gemini: GeminiStandIn
):
    from tests.support.gemini import replies

    gemini.script(replies.quota_exceeded(per="Day"), times=9)
    with RunningServer(tmp_path, _gemini(gemini) | {"EXTRACTIVE_FALLBACK": "1"}) as server:
        async with aiohttp.ClientSession(server.url) as client:
            heard = await ask(client, QUESTION)
        assert heard.last["finish_reason"] == "extractive"
        assert "GEMINI_API_KEY" in heard.text
        assert server.health()["services"]["gemini"]["reason"] == "quota_exceeded"


async def test_more_questions_than_the_rate_limit_are_refused_per_client(tmp_path: Path):
    environment = {"RATE_LIMIT": "2/minute", "TRUSTED_HOPS": "1"}
    with RunningServer(tmp_path, environment) as server:
        async with aiohttp.ClientSession(server.url) as client:

            async def status(forwarded: str) -> int:
                headers = {"X-Forwarded-For": forwarded}
                async with client.post("/api/chat", json={"message": "hi"}, headers=headers) as response:
                    if response.status == 429:
                        body = await response.json()
                        assert body["error"]["code"] == "rate_limited"
                        assert 1 <= int(response.headers["Retry-After"]) <= 60
                    return response.status

            assert [await status("203.0.113.1") for _ in range(3)] == [200, 200, 429]
            assert await status("198.51.100.7, 203.0.113.1") == 429
            assert await status("203.0.113.1, 203.0.113.2") == 200


def _gemini(gemini: GeminiStandIn) -> dict[str, str]:
    return {
        **gemini.settings,
        "GEMINI_MODEL": "gemini-3.5-flash",
        "EMBEDDING_PROVIDER": "local",
    }


@pytest.mark.parametrize("command", [["--help"], ["serve", "--help"], ["ingest", "--help"], ["--version"]])
def test_every_command_tells_its_use(command: list[str]):
    import subprocess
    import sys

    shown = subprocess.run([sys.executable, "-m", "ragspace", *command], capture_output=True, text=True)
    assert shown.returncode == 0
    assert shown.stdout
