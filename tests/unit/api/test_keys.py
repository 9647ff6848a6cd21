"""Who brings a key."""

import pytest
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from ragspace.api.keys import KeyCheck, brings

KEY = SecretStr("marked-key-of-our-own")


@pytest.mark.parametrize(
    ("headers", "does"),
    [
        ({"X-API-Key": "marked-key-of-our-own"}, True),
        ({"Authorization": "Bearer marked-key-of-our-own"}, True),
        ({"authorization": "bearer  marked-key-of-our-own "}, True),
        ({"X-API-Key": "marked-key-of-our-own", "Authorization": "Bearer hf_of_the_platform"}, True),
        ({"X-API-Key": "wrong", "Authorization": "Bearer marked-key-of-our-own"}, False),
        ({"Authorization": "Basic marked-key-of-our-own"}, False),
        ({"Authorization": "marked-key-of-our-own"}, False),
        ({"X-API-Key": "marked-key-of-our-ow"}, False),
        ({"X-API-Key": "\xff\xfe"}, False),
        ({"X-API-Key": ""}, False),
        ({}, False),
    ],
)
def test_a_key_is_brought_as_x_api_key_or_as_a_bearer_token(headers: dict[str, str], does: bool):
    assert brings(Headers(headers), KEY) is does


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/health", 200), ("/api/health/live", 200), ("/", 200), ("/docs", 200), ("/api", 401),
     ("/api/chat", 401), ("/api/health/", 401), ("/api/health/live/x", 401), ("/api/nothing", 401)],
)  # fmt: skip
async def test_the_api_is_private_but_for_health(path: str, status: int):
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nothing is read of a request without a key")

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    await KeyCheck(app, KEY)({"type": "http", "path": path, "method": "GET", "headers": []}, receive, send)
    assert sent[0]["status"] == status
