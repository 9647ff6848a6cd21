"""A server on loopback that sends exactly what a test says, byte by byte, and writes down what it was asked.

    async with ScriptedUpstream() as upstream:
        upstream.reply(sse({"a": 1}), 0.05, CUT)

A reply is a list of steps: bytes are sent as one chunk, a number waits so many seconds, CUT closes the
connection in the middle. Replies are used up in order; the last one is repeated.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

CUT = object()
"""The connection is closed, although the body is not complete."""


def sse(*events: Any) -> bytes:
    """Events as servers of models send them; strings are taken as they are."""
    payloads = (event if isinstance(event, str) else json.dumps(event) for event in events)
    return b"".join(f"data: {payload}\r\n\r\n".encode() for payload in payloads)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came in."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class _Reply:
    steps: tuple[Any, ...]
    status: int
    headers: Mapping[str, str]


class ScriptedUpstream:
    """See the module. `url` is the address, without a slash at its end."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.connections: set[Any] = set()
        self.hung_up = asyncio.Event()
        self._replies: list[_Reply] = []
        self._runner: web.AppRunner | None = None

    def reply(
        self, *steps: Any, status: int = 200, content_type: str = "text/event-stream", **headers: str
    ) -> Self:
        """Add a reply; header names are written with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._replies.append(_Reply(steps, status, {"Content-Type": content_type, **named}))
        return self

    def reply_json(self, body: Any, status: int = 200, **headers: str) -> Self:
        return self.reply(
            json.dumps(body).encode(), status=status, content_type="application/json", **headers
        )

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append(
            Asked(
                request.method,
                request.path,
                request.query_string,
                {name.lower(): value for name, value in request.headers.items()},
                json.loads(body) if body else None,
            )
        )
        self.connections.add(request.transport)
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        response = web.StreamResponse(status=reply.status, headers=reply.headers)
        try:
            await response.prepare(request)
            for step in reply.steps:
                if step is CUT:
                    assert request.transport is not None
                    request.transport.abort()
                    break
                if isinstance(step, bytes):
                    await response.write(step)
                else:
                    await self._wait(request, step)
        except (ConnectionResetError, asyncio.CancelledError):
            self.hung_up.set()
        return response

    async def _wait(self, request: web.Request, seconds: float) -> None:
        """Wait, but not for a client that has gone."""
        until = asyncio.get_running_loop().time() + seconds
        while (left := until - asyncio.get_running_loop().time()) > 0:
            if request.transport is None or request.transport.is_closing():
                raise ConnectionResetError
            await asyncio.sleep(min(left, 0.02))
