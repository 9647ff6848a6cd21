"""Every error has one form, a sentence for the reader and one for the developer."""

import json
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


@pytest.mark.parametrize(
    ("origin", "method", "status", "code"),
    [
        ("https://evil.example", "POST", 403, "origin_not_allowed"),
        (ORIGIN, "TRACE", 405, "method_not_allowed"),
    ],
)
async def test_a_preflight_that_is_refused_has_the_body_of_every_error(
    client: aiohttp.ClientSession, origin: str, method: str, status: int, code: str
):
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    async with client.options("/api/chat", headers=headers) as response:
        body = await response.json()
        assert (response.status, body["error"]["code"]) == (status, code)
        assert body["detail"] == body["error"]["message"]
        assert response.headers.get("access-control-allow-origin") in (None, ORIGIN)


@pytest.mark.parametrize("origin", ["null", "", "HTTPS://MY-BOOK-GIT-MYTEAM.VERCEL.APP.EVIL.EXAMPLE"])
async def test_an_origin_that_is_none_of_an_allowed_page_is_refused(
    client: aiohttp.ClientSession, origin: str
):
    async with client.post("/api/chat", json={}, headers={"Origin": origin}) as response:
        await refused(response, 403, "origin_not_allowed")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (rb'{"message":"\ud800"}', 422, "validation_error"),
        (rb'{"message":"hi","mode":"selection","context":"\udfff"}', 422, "validation_error"),
        (rb'{"message":"hi","mode":"\ud800","\ud800":"\ud800"}', 422, "validation_error"),
        (b"[" * 60_000, 400, "invalid_json"),
        (b'{"message":' + b"9" * 6000 + b"}", 400, "invalid_json"),
        (b'{"message":"\xe9"}', 400, "invalid_json"),
        (b"null", 422, "validation_error"),
        (b'{"message":NaN}', 422, "validation_error"),
    ],
)
async def test_json_that_is_legal_and_odd_is_never_a_bug(
    client: aiohttp.ClientSession, body: bytes, status: int, code: str
):
    headers = {"Content-Type": "application/json"}
    async with client.post("/api/chat", data=body, headers=headers) as response:
        await refused(response, status, code)


async def test_limits_are_counted_in_characters_after_trimming(client: aiohttp.ClientSession):
    for message, status in (("\U0001f600" * 2000, 200), ("  " + "x" * 2000 + " \n", 200), ("x" * 2001, 422)):
        async with client.post("/api/chat", json={"message": message}) as response:
            assert response.status == status
    for context, status in (("\U0001f600" * 8000, 200), ("x" * 8001, 422), (" \n", 422)):
        body = {"message": "What is this?", "mode": "selection", "context": context}
        data = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        async with client.post("/api/chat", data=data, headers=headers) as response:
            assert response.status == status


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
