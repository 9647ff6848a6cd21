"""What Prometheus is told of the model's tokens and quota, and of streams that were gone on with."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.chat import ask, hear
from tests.support.gemini import Answer, GeminiStandIn, replies
from tests.support.server import RunningServer
from tests.support.skips import requires

pytestmark = requires("node")

TOKEN = "a-token-of-at-least-16-characters"
QUESTION = "Which secrets does the Space need?"
MODEL = "gemini-3.5-flash"
SLOW = Answer("The Space needs several secrets [1]. " * 3, pace_s=0.05, tokens=(120, 30))


@pytest.fixture
async def server(gemini: GeminiStandIn, tmp_path: Path) -> AsyncIterator[RunningServer]:
    environment = {
        "GEMINI_API_KEY": gemini.api_key,
        "GEMINI_BASE_URL": gemini.url,
        "GEMINI_MODEL": MODEL,
        "EMBEDDING_PROVIDER": "local",
        "METRICS_TOKEN": TOKEN,
        "ANSWER_CACHE_ANSWERS": "100",
    }
    running = RunningServer(tmp_path, environment)
    await asyncio.to_thread(running.start)
    yield running
    await asyncio.to_thread(running.stop)


async def metrics(client: aiohttp.ClientSession) -> dict[str, float]:
    async with client.get("/metrics", headers={"X-API-Key": TOKEN}) as response:
        told = await response.text()
    lines = (line.rsplit(" ", 1) for line in told.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


async def test_tokens_are_counted_once_however_many_share_or_repeat_an_answer(
    server: RunningServer, gemini: GeminiStandIn
):
    gemini.script(SLOW)
    async with aiohttp.ClientSession(server.url) as client:
        first, second = await asyncio.gather(ask(client, QUESTION), ask(client, QUESTION))
        again = await ask(client, QUESTION)
        told = await metrics(client)
    assert first.text == second.text == again.text
    assert again.last["cached"] is True
    assert len(gemini.asked("generate")) == 1
    assert told[f'ragspace_tokens_total{{kind="prompt",model="{MODEL}"}}'] == 120
    assert told[f'ragspace_tokens_total{{kind="output",model="{MODEL}"}}'] == 30
    assert told["ragspace_cached_answers_total"] == 1
    assert told["ragspace_retrieval_seconds_count"] == 3
    assert told["ragspace_answer_seconds_count"] == 3


async def test_streams_that_were_gone_on_with_are_counted_by_where_they_came_from(
    server: RunningServer, gemini: GeminiStandIn
):
    gemini.script(SLOW)
    async with aiohttp.ClientSession(server.url) as client:
        message_id = (await ask(client, QUESTION)).metadata["message_id"]
        path = f"/api/chat/{message_id}/stream"
        async with client.get(path, headers={"Last-Event-ID": f"{message_id}:2"}) as response:
            assert (await hear(response)).last["type"] == "done"
        told = await metrics(client)
        assert told['ragspace_resumed_streams_total{source="memory"}'] == 1
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        async with client.get(path) as response:
            assert (await hear(response)).last["type"] == "done"
        told = await metrics(client)
    assert told['ragspace_resumed_streams_total{source="storage"}'] == 1


async def test_what_is_left_of_a_quota_is_told_once_its_limit_is_known(
    server: RunningServer, gemini: GeminiStandIn
):
    async with aiohttp.ClientSession(server.url) as client:
        await ask(client, QUESTION)
        left = f'ragspace_quota_left_requests{{model="{MODEL}"}}'
        assert left not in await metrics(client)
        gemini.script(replies.quota_exceeded(per="Minute"))
        async with client.post(
            "/api/chat", json={"message": "What is LiDAR?", "mode": "selection", "context": "x"}
        ) as response:
            assert response.status == 429
        told = await metrics(client)
    assert told[left] == 0
    assert told[f'ragspace_quota_spent_seconds{{model="{MODEL}"}}'] > 0
