"""Conversations: kept, read back, rated, deleted."""

import asyncio
import re
from typing import Any

import aiohttp

from tests.support.chat import ask, events

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
QUESTION = "How long does the battery of the rover last?"
UNKNOWN = "0b9f7f3c-1f7e-4c7e-9a53-000000000000"


async def read(client: aiohttp.ClientSession, conversation_id: str) -> list[dict[str, Any]]:
    async with client.get(f"/api/conversation/{conversation_id}") as response:
        assert response.status == 200
        body = await response.json()
    assert body["conversation_id"] == conversation_id
    return list(body["messages"])


async def test_fr_007_a_conversation_is_read_back_in_the_order_in_which_it_was_said(
    client: aiohttp.ClientSession,
):
    first = await ask(client, QUESTION)
    conversation_id = first.metadata["conversation_id"]
    second = await ask(client, "How is it charged?", conversation_id=conversation_id)
    messages = await read(client, conversation_id)
    assert [(m["role"], m["content"]) for m in messages] == [
        ("user", QUESTION),
        ("assistant", first.text),
        ("user", "How is it charged?"),
        ("assistant", second.text),
    ]
    assert [m["sources"] for m in messages] == [None, first.last["sources"], None, second.last["sources"]]
    assert all(TIME.fullmatch(m["created_at"]) for m in messages)
    assert messages[1]["id"] == first.metadata["message_id"]
    assert messages[1]["status"] == "complete"


async def test_an_answer_is_finished_and_kept_while_nobody_listens(client: aiohttp.ClientSession):
    async with client.post("/api/chat", json={"message": QUESTION}) as response:
        async for _, event in events(response):
            metadata = event
            break
    async with asyncio.timeout(10):
        while (messages := await read(client, metadata["conversation_id"]))[1]["status"] == "running":
            await asyncio.sleep(0.02)
    assert messages[1]["status"] == "complete"
    assert messages[1]["content"]


async def test_an_answer_is_rated(client: aiohttp.ClientSession):
    heard = await ask(client, QUESTION)
    body = {"message_id": heard.metadata["message_id"], "rating": "down", "comment": "too short"}
    async with client.post("/api/feedback", json=body) as response:
        assert response.status == 204
    messages = await read(client, heard.metadata["conversation_id"])
    assert messages[1]["rating"] == "down"


async def test_a_deleted_conversation_is_gone(client: aiohttp.ClientSession):
    heard = await ask(client, QUESTION)
    path = f"/api/conversation/{heard.metadata['conversation_id']}"
    async with client.delete(path) as response:
        assert response.status == 204
    for gone in (client.get(path), client.delete(path)):
        async with gone as response:
            assert response.status == 404
            assert (await response.json())["error"]["code"] == "conversation_not_found"
    async with client.get(f"/api/chat/{heard.metadata['message_id']}/stream") as response:
        assert response.status == 404


async def test_what_is_unknown_is_404_and_what_is_no_id_is_422(client: aiohttp.ClientSession):
    unknown = [
        client.get(f"/api/conversation/{UNKNOWN}"),
        client.delete(f"/api/conversation/{UNKNOWN}"),
        client.get(f"/api/chat/{UNKNOWN}/stream"),
        client.post(f"/api/chat/{UNKNOWN}/stop"),
        client.post("/api/feedback", json={"message_id": UNKNOWN, "rating": "up"}),
    ]
    for request in unknown:
        async with request as response:
            assert response.status == 404, response.url
    for request in (client.get("/api/conversation/nonsense"), client.post("/api/chat/nonsense/stop")):
        async with request as response:
            assert response.status == 422
            assert (await response.json())["error"]["code"] == "validation_error"
