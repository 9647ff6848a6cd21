"""HTTP/1.1 as the benchmarks' own servers speak it: close to the socket, so that they leave the cores to the
subjects."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import httptools

Handle = Callable[["Connection", str, str, bytes], None]
"""Called with the connection, the method, the path without its query, and the body of a whole request."""

END = b"0\r\n\r\n"
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    """`data` as one chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Connection(asyncio.Protocol):
    """One client's connection. `when_lost` is called when it goes."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._url = b""
        self._body = b""
        self.when_lost: Callable[[], None] | None = None

    @property
    def open(self) -> bool:
        return self._transport is not None

    def connection_made(self, transport: Any) -> None:  # uvloop's are no subclasses of asyncio's
        self._transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        if self.when_lost is not None:
            self.when_lost()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._url, self._body = b"", b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        path = self._url.partition(b"?")[0].decode()
        self._handle(self, self._parser.get_method().decode(), path, self._body)

    def write(self, data: bytes) -> None:
        """Send it, unless the client has gone."""
        if self._transport is not None:
            self._transport.write(data)

    def respond(self, body: bytes, status: int = HTTPStatus.OK) -> None:
        """A whole response of JSON."""
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
        self.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def serve(handle: Handle, port: int) -> None:
    """Serve `handle` on loopback until the process is ended."""
    import uvloop

    async def forever() -> None:
        server: Any = await asyncio.get_running_loop().create_server(
            lambda: Connection(handle), "127.0.0.1", port, backlog=2048
        )
        async with server:
            await server.serve_forever()

    uvloop.run(forever())
