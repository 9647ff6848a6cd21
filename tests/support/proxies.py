"""A TCP proxy on loopback that loses connections the way networks do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.servers import LOOPBACK


class ForgetfulProxy:
    """Passes bytes on to `target` until `forget`: from then on the connections that there are stay open and
    carry nothing, like those that a firewall has forgotten; new ones work."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._pumps: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0
        self.accepted = 0

    def forget(self) -> None:
        for pump in self._pumps:
            pump.cancel()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ForgetfulProxy"]:
        server = await asyncio.start_server(self._accept, LOOPBACK, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.forget()
            for writer in self._writers:
                writer.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        upstream_reader, upstream_writer = await asyncio.open_connection(LOOPBACK, self._target)
        self._writers += [writer, upstream_writer]
        for source, sink in ((reader, upstream_writer), (upstream_reader, writer)):
            pump = asyncio.create_task(_pump(source, sink))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    sink.close()
