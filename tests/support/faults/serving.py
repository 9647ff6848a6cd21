"""The real server over a real socket, in the test's own process and event loop: it starts in no time."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp

from ragspace import configuration
from ragspace.server import Server
from tests.support.servers import LOOPBACK

_PATIENCE_S = 30.0


class _InProcess(Server):
    """Leaves the process's signals to the tests."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Served:
    """A server that runs; `client` asks it."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self.client = client

    async def health(self) -> dict[str, Any]:
        async with self.client.get("/api/health") as response:
            report: dict[str, Any] = await response.json()
            return report

    async def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first health report that fulfils `condition`."""
        async with asyncio.timeout(_PATIENCE_S):
            while not condition(report := await self.health()):
                await asyncio.sleep(0.02)
        return report


@asynccontextmanager
async def serving(environment: Mapping[str, str]) -> AsyncIterator[Served]:
    """Nothing of the developer's own is seen: the settings are these alone."""
    listener = socket.socket()
    listener.bind((LOOPBACK, 0))
    server = _InProcess(configuration.load(environment))
    running = asyncio.create_task(server.serve([listener]))
    url = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
    async with aiohttp.ClientSession(url, timeout=timeout) as client:
        try:
            while not server.started and not running.done():
                await asyncio.sleep(0.01)
            yield Served(client)
        finally:
            server.should_exit = True
            await running
