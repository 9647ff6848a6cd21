"""The body of a request, as the server hands it over piece by piece."""

import asyncio
from typing import Any

import orjson
import pytest
from starlette.types import Message, Receive, Scope, Send

from ragspace.api.middleware import MAX_BODY_BYTES, BodyCheck


async def told(*pieces: bytes, content_type: str = "application/json", ends: bool = True) -> tuple[int, Any]:
    """The status and the answer to a body of `pieces`, after which, without an end, nothing more comes."""
    coming = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    if ends:
        coming.append({"type": "http.request", "body": b"", "more_body": False})
    sent: list[Message] = []

    async def receive() -> Message:
        if not coming:
            await asyncio.Event().wait()
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": orjson.dumps(len(body))})

    headers = [(b"content-type", content_type.encode())]
    scope = {"type": "http", "method": "POST", "headers": headers}
    await BodyCheck(app, seconds=0.05)(scope, receive, send)
    return sent[0]["status"], orjson.loads(sent[1]["body"])


async def test_a_body_is_handed_on_whole():
    assert await told(b"{", b"}", b" " * (MAX_BODY_BYTES - 2)) == (200, MAX_BODY_BYTES)


async def test_one_byte_more_is_too_much_whatever_its_length_was_said_to_be():
    status, body = await told(b" " * MAX_BODY_BYTES, b" ")
    assert (status, body["error"]["code"]) == (413, "body_too_large")


async def test_a_body_that_never_comes_to_its_end_holds_nothing_up():
    status, body = await told(b"{", ends=False)
    assert (status, body["error"]["code"]) == (400, "invalid_json")


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("application/problem+json", 200),
        ("text/plain", 415),
        ("text/x+json", 415),
        ("application/jsonp", 415),
        ("", 415),
    ],
)
async def test_only_json_is_taken(content_type: str, status: int):
    assert (await told(b"{}", content_type=content_type))[0] == status
