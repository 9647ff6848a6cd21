"""A log of a Space, as the Hub streams it: server-sent events, whole from the start, then as lines come."""

import asyncio

import orjson
from aiohttp import web

from tests.support.hub.clock import now


class Log:
    """Lines with the time at which they came, written by any thread. A follower is woken for each; closing it
    ends its streams."""

    def __init__(self) -> None:
        self._events: list[bytes] = []
        self._changed = asyncio.Event()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def write(self, line: str) -> None:
        event = {"data": line + "\n", "timestamp": now()}
        self._events.append(b"data: " + orjson.dumps(event) + b"\n\n")
        self._wake()

    def close(self) -> None:
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake_followers)

    def _wake_followers(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        self._loop = asyncio.get_running_loop()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        # The Hub's keep-alive, which clients have to pass over.
        await response.write(b"data:\n\n")
        sent = 0
        while True:
            changed = self._changed
            while sent < len(self._events):
                await response.write(self._events[sent])
                sent += 1
            if self._closed:
                return response
            await changed.wait()
