"""A TCP proxy on loopback that does to a service's connections what networks and gateways do to them.

async with FaultyProxy(service_port) as proxy:
    proxy.misbehave(Behaviour(cut_after=100), only=b"/points/query")
    ...
    await proxy.restore()
"""

import asyncio
import socket
import ssl
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Self

from tests.support.certificates import Certificates
from tests.support.servers import LOOPBACK

_CHUNK_BYTES = 65536
_FILLING = 8
_SSL_REQUEST = 8
"""Bytes with which a client of PostgreSQL asks for encryption before anything else."""

_SETTLING_S = 0.05
"""What was sent before a connection is cut off has arrived by then."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What becomes of a request. `holds`: it is taken, and nothing comes back. `delay`: each piece of the
    answer comes so many seconds late. `cut_after`: the connection breaks after so many bytes of the answer;
    `stalls_after`: from there on nothing comes. `reply`: these bytes are the answer, and the service is not
    asked."""

    holds: bool = False
    delay: float = 0.0
    cut_after: int | None = None
    stalls_after: int | None = None
    reply: bytes | None = None


@dataclass(eq=False)
class _Connection:
    writer: asyncio.StreamWriter
    far_writer: asyncio.StreamWriter
    behaviour: Behaviour | None = None
    answered: int = 0
    request: bytearray = field(default_factory=bytearray)

    def abort(self) -> None:
        self.writer.transport.abort()
        self.far_writer.transport.abort()


class FaultyProxy:
    """Passes every connection to `port` on to `target`, until it is told otherwise. With `certificates` it
    speaks TLS towards its clients; with `postgres`, as a server of PostgreSQL does it.

    `struck` counts the requests that met a misbehaviour.
    """

    def __init__(
        self, target: int, *, certificates: Certificates | None = None, postgres: bool = False
    ) -> None:
        self.port = 0
        self.struck = 0
        self._target = target
        self._postgres = postgres
        self._certificates = certificates
        self._context: ssl.SSLContext | None = None
        self._connections: set[_Connection] = set()
        self._behaviour: Behaviour | None = None
        self._only = b""
        self._server: asyncio.Server | None = None
        self._hole = ExitStack()

    async def __aenter__(self) -> Self:
        if self._certificates is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.present(self._certificates)
        self._reserved = reserved(self.port)
        self.port = self._reserved.getsockname()[1]
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.refuse()
        self._reserved.close()

    def present(self, certificates: Certificates) -> None:
        """From now on new clients are shown this certificate; those that there are, are cut off."""
        if self._context is None:
            raise RuntimeError("it does not encrypt")
        self._context.load_cert_chain(certificates.certificate, certificates.key)
        self.cut()

    def cut(self) -> None:
        """Break every connection off; new ones are passed on."""
        for connection in self._connections:
            connection.abort()

    def refuse(self) -> None:
        """Nobody listens any more, and every connection is broken off."""
        self._stop_listening()
        self.cut()

    def vanish(self) -> None:
        """The host is gone from the network, and the connections to it are: who tries to make a new one is
        not even refused."""
        self.refuse()
        self._hole.enter_context(_full_queue(self.port))

    def misbehave(self, behaviour: Behaviour, *, only: bytes = b"") -> None:
        """What is done to each request in which the bytes `only` occur, and to the rest of its connection."""
        self._behaviour, self._only = behaviour, only

    async def restore(self) -> None:
        """Pass everything on again; connections that were struck are broken off."""
        self._behaviour = None
        for connection in self._connections:
            if connection.behaviour is not None:
                connection.abort()
        if self._certificates is not None and self._context is not None:
            self._context.load_cert_chain(self._certificates.certificate, self._certificates.key)
        if self._server is None:
            self._stop_listening()
            await self._listen()

    async def _listen(self) -> None:
        context = None if self._postgres else self._context
        self._server = await asyncio.start_server(self._connected, LOOPBACK, self.port, ssl=context)

    def _stop_listening(self) -> None:
        self._hole.close()
        server, self._server = self._server, None
        if server is not None:
            server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = None
        try:
            if self._postgres and self._context is not None:
                await reader.readexactly(_SSL_REQUEST)
                writer.write(b"S")
                await writer.start_tls(self._context)
            far_reader, far_writer = await asyncio.open_connection(LOOPBACK, self._target)
            connection = _Connection(writer, far_writer)
            self._connections.add(connection)
            await asyncio.gather(self._forth(reader, connection), self._back(far_reader, connection))
        except (OSError, EOFError):
            pass
        finally:
            writer.close()
            if connection is not None:
                self._connections.discard(connection)
                connection.far_writer.close()

    async def _forth(self, reader: asyncio.StreamReader, connection: _Connection) -> None:
        while data := await reader.read(_CHUNK_BYTES):
            if self._behaviour is not None and self._only in data and connection.behaviour is None:
                connection.behaviour = self._behaviour
                self.struck += 1
            behaviour = connection.behaviour
            if behaviour is not None and behaviour.holds:
                continue
            if behaviour is not None and behaviour.reply is not None:
                await self._reply(data, connection, behaviour.reply)
                continue
            connection.far_writer.write(data)
            await connection.far_writer.drain()
        connection.far_writer.close()

    async def _reply(self, data: bytes, connection: _Connection, reply: bytes) -> None:
        connection.request += data
        if not self._postgres and not _whole(connection.request):
            return
        connection.writer.write(reply)
        await connection.writer.drain()
        connection.writer.close()

    async def _back(self, reader: asyncio.StreamReader, connection: _Connection) -> None:
        while data := await reader.read(_CHUNK_BYTES):
            behaviour = connection.behaviour or Behaviour()
            await asyncio.sleep(behaviour.delay)
            limit = behaviour.cut_after if behaviour.cut_after is not None else behaviour.stalls_after
            left = len(data) if limit is None else max(0, limit - connection.answered)
            if connection.behaviour is not None:
                connection.answered += len(data)
            connection.writer.write(data[:left])
            await connection.writer.drain()
            if behaviour.cut_after is not None and left <= len(data):
                await asyncio.sleep(_SETTLING_S)
                connection.abort()
                return
        connection.writer.close()


def _whole(request: bytearray) -> bool:
    """Whether an HTTP request has come with its body."""
    head, separator, body = request.partition(b"\r\n\r\n")
    if not separator:
        return False
    lengths = [
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    return len(body) >= (lengths[0] if lengths else 0)


def reserved(port: int) -> socket.socket:
    """Holds the port of a server that is away, so that no connection of the machine is given it."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((LOOPBACK, port))
    return bound


def _full_queue(port: int) -> "ExitStack":
    """Somebody listens whose queue is full and who takes nothing from it: what else arrives is dropped."""
    with ExitStack() as stack:
        listener = stack.enter_context(reserved(port))
        listener.listen(0)
        for _ in range(_FILLING):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with suppress(BlockingIOError):
                waiting.connect_ex((LOOPBACK, port))
        return stack.pop_all()
