"""PostgreSQL's wire protocol inside a secure WebSocket, behind a Unix socket that a driver can connect to.

Neon serves it at `wss://<host>/v2`: the bytes are those of an ordinary connection, without Postgres' own TLS
inside the WebSocket's. https://github.com/neondatabase/serverless/blob/main/CONFIG.md
"""

import asyncio
import shutil
import ssl
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import aiohttp
import structlog

from ragspace.database_url import DEFAULT_PORT, DatabaseAddress
from ragspace.tls import TlsPolicy

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 9.0
"""For the WebSocket, less than the driver's patience: so it is told of a failure instead of timing out."""

CHUNK_BYTES = 65536

_FAREWELL = aiohttp.ClientWSTimeout(ws_close=1.0)


class Tunnel:
    """Carries every connection to a Unix socket of its own by a WebSocket to `url` (`wss://`).

    The certificate is verified by the system's authorities, or by `tls`. The socket lies in a directory that
    only this process's user may enter.
    """

    def __init__(self, url: str, tls: ssl.SSLContext | None = None) -> None:
        self._url = url
        self._tls = tls
        self._directory: Path | None = None
        self._carried: set[asyncio.Task[None]] = set()

    async def open(self) -> Path:
        """The socket's directory, as a driver takes it for a host, with PostgreSQL's usual port.

        Raises OSError where it cannot be made.
        """
        directory = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="ragspace-"))
        try:
            path = directory / f".s.PGSQL.{DEFAULT_PORT}"
            self._server = await asyncio.start_unix_server(self._connected, path)
        except BaseException:
            shutil.rmtree(directory, ignore_errors=True)
            raise
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._tls or True),
            headers={"User-Agent": "ragspace"},
        )
        self._directory = directory
        return directory

    async def close(self) -> None:
        """End what is carried, and remove the socket. May be said twice."""
        if self._directory is None:
            return
        directory, self._directory = self._directory, None
        self._server.close()
        for task in self._carried:
            task.cancel()
        await asyncio.gather(*self._carried, return_exceptions=True)
        await self._session.close()
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._carry(reader, writer))
        self._carried.add(task)
        task.add_done_callback(self._carried.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                # What the proxy sends in one message may be as big as a result is.
                socket = await self._session.ws_connect(self._url, max_msg_size=0, timeout=_FAREWELL)
            async with socket:
                await _relay(reader, writer, socket)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            log.warning("the database's tunnel broke", error=type(error).__name__)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


async def _relay(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, socket: aiohttp.ClientWebSocketResponse
) -> None:
    """Both ways, until one end is done."""
    ways = [asyncio.create_task(_out(reader, socket)), asyncio.create_task(_back(socket, writer))]
    try:
        done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in done:
            way.result()
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _out(reader: asyncio.StreamReader, socket: aiohttp.ClientWebSocketResponse) -> None:
    while data := await reader.read(CHUNK_BYTES):
        await socket.send_bytes(data)


async def _back(socket: aiohttp.ClientWebSocketResponse, writer: asyncio.StreamWriter) -> None:
    async for message in socket:
        if message.type is aiohttp.WSMsgType.BINARY:
            writer.write(message.data)
            await writer.drain()


def through(directory: Path, address: DatabaseAddress) -> DatabaseAddress:
    """`address` as it is reached through the tunnel whose socket lies in `directory`: the WebSocket encrypts,
    so that Postgres' own TLS is off."""
    arguments = {**address.connect_args, "host": str(directory), "port": DEFAULT_PORT}
    return replace(address, connect_args=arguments, tls=TlsPolicy("disable"))
