"""A way to the service that can be cut, as a phone's is when its train enters a tunnel."""

import asyncio
from types import TracebackType
from typing import Self

from tests.support.servers import LOOPBACK

_CHUNK_BYTES = 65536


class Cable:
    """Passes every connection to `port` on to `target_port`, both on loopback, until it is cut."""

    def __init__(self, port: int, target_port: int) -> None:
        self.url = f"http://{LOOPBACK}:{port}"
        self._port = port
        self._target_port = target_port
        self._ends: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, LOOPBACK, self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Break every connection off; new ones are passed on again."""
        for end in self._ends:
            end.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._target_port)
        ends = {writer, far_writer}
        self._ends |= ends
        try:
            await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))
        finally:
            self._ends -= ends
            for end in ends:
                end.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()
