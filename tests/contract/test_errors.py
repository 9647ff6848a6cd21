"""Every error has one form, a sentence for the reader and one for the developer."""

import re
from typing import Any

import aiohttp
import pytest

from tests.contract.conftest import ORIGIN

JSON = {"Content-Type": "application/json"}


async def refused(response: aiohttp.ClientResponse, status: int, code: str) -> dict[str, Any]:
    body = await response.json()
    assert (response.status, body["error"]["code"]) == (status, code)
    assert body["detail"] == body["error"]["message"]
    assert body["error"]["action"]
    assert body["error"]["request_id"] == response.headers["x-request-id"]
    return dict(body["error"])


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "message"),
        ({"message": "   "}, "message"),
        ({"message": "x" * 2001}, "message"),
        ({"message": None}, "message"),
        ({"message": "hi", "mode": "other"}, "mode"),
        ({"message": "hi", "mode": "selection"}, "context"),
        ({"message": "hi", "mode": "selection", "context": " \n"}, "context"),
        ({"message": "hi", "context": "x" * 8001}, "context"),
        ({"message": "hi", "conversation_id": "nonsense"}, "conversation_id"),
    ],
)
async def test_a_request_that_breaks_a_rule_names_the_field(
    client: aiohttp.ClientSession, fields: dict[str, Any], named: str
):
    async with client.post("/api/chat", json=fields) as response:
        error = await refused(response, 422, "validation_error")
    assert [field["field"] for field in error["fields"]] == [named]
    assert error["fields"][0]["message"]


@pytest.mark.parametrize("body", [b"{", b"", b"\xff\xfe", b'{"message": "\xff"}'])
async def test_what_is_no_json_is_400(client: aiohttp.ClientSession, body: bytes):
    async with client.post("/api/chat", data=body, headers=JSON) as response:
        await refused(
            response, 422 if body == b"" else 400, "validation_error" if body == b"" else "invalid_json"
        )


async def test_json_that_is_no_object_is_422(client: aiohttp.ClientSession):
    async with client.post("/api/chat", data=b"[]", headers=JSON) as response:
        await refused(response, 422, "validation_error")


async def test_another_media_type_is_415(client: aiohttp.ClientSession):
    async with client.post("/api/chat", data=b"hi", headers={"Content-Type": "text/plain"}) as response:
        await refused(response, 415, "unsupported_media_type")


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_64_kib_is_413(client: aiohttp.ClientSession, chunked: bool):
    body = b'{"message":"' + b"x" * 65536 + b'"}'

    async def pieces():
        yield body

    async with client.post("/api/chat", data=pieces() if chunked else body, headers=JSON) as response:
        await refused(response, 413, "body_too_large")


async def test_what_does_not_exist_is_404_and_a_wrong_method_405(client: aiohttp.ClientSession):
    async with client.get("/api/nothing") as response:
        await refused(response, 404, "not_found")
    async with client.put("/api/chat", json={}) as response:
        await refused(response, 405, "method_not_allowed")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://my-book-git-main-myteam.vercel.app", "https://my-book-a.b-myteam.vercel.app"]
)  # fmt: skip
async def test_fr_009_a_foreign_origin_is_refused_by_the_server_itself(
    client: aiohttp.ClientSession, origin: str
):
    for request in (
        client.post("/api/chat", json={"message": "hi"}, headers={"Origin": origin}),
        client.delete("/api/conversation/0b9f7f3c-1f7e-4c7e-9a53-000000000000", headers={"Origin": origin}),
    ):
        async with request as response:
            await refused(response, 403, "origin_not_allowed")
            assert "access-control-allow-origin" not in response.headers


async def test_fr_009_an_allowed_origin_passes_preflight_and_request(client: aiohttp.ClientSession):
    preflight = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,last-event-id",
    }
    async with client.options("/api/chat", headers=preflight) as response:
        assert response.status == 200
        assert response.headers["access-control-allow-origin"] == ORIGIN
    async with client.post("/api/chat", json={}, headers={"Origin": ORIGIN}) as response:
        await refused(response, 422, "validation_error")
        assert response.headers["access-control-allow-origin"] == ORIGIN
        assert "Retry-After" in response.headers["access-control-expose-headers"]


async def test_the_servers_own_page_may_ask(client: aiohttp.ClientSession, server):
    for origin in (server.url, server.url.replace("127.0.0.1", "localhost")):
        async with client.post("/api/chat", json={}, headers={"Origin": origin}) as response:
            await refused(response, 422, "validation_error")


async def test_a_host_header_makes_no_origin_allowed(client: aiohttp.ClientSession):
    headers = {"Origin": "https://evil.example", "Host": "evil.example"}
    async with client.post("/api/chat", json={}, headers=headers) as response:
        await refused(response, 403, "origin_not_allowed")


async def test_request_ids_are_ids(client: aiohttp.ClientSession):
    async with client.get("/api/health/live") as response:
        assert re.fullmatch(r"[0-9a-f-]{36}", response.headers["x-request-id"])
        assert response.headers["x-content-type-options"] == "nosniff"
