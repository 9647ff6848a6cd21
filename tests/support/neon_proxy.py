"""A stand-in for Neon's WebSocket on 443: PostgreSQL's wire protocol inside a secure WebSocket.

It is played in front of the real PostgreSQL, which itself asks for the password in clear, as Neon does there.
Neon's own JavaScript driver accepts it (tests/integration/support/test_neon_proxy.py).
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from aiohttp import WSMsgType, web

from tests.support.certificates import Certificates
from tests.support.postgres import Postgres
from tests.support.servers import LOOPBACK

SSL_REQUEST = bytes.fromhex("00000008 04d2162f")
ASKS_IN_CLEAR = b"R" + bytes.fromhex("00000008 00000003")


class NeonProxy:
    """Serves `wss://127.0.0.1:<port>/v2`, and `/v1?address=<host>:<port>` for that very address, in front of
    the PostgreSQL at `target`.

    Postgres' own TLS is refused. `carried` counts connections, `asked_in_clear` those whose password was
    asked for in clear.
    """

    def __init__(self, target: int, certificates: Certificates) -> None:
        self.port = 0
        self.carried = 0
        self.asked_in_clear = 0
        self._target = target
        self._certificates = certificates
        self._open: set[web.WebSocketResponse] = set()

    @property
    def trusting(self) -> ssl.SSLContext:
        """What a client needs to trust it."""
        return ssl.create_default_context(cafile=str(self._certificates.authority))

    @property
    def open_now(self) -> int:
        """How many connections there are."""
        return len(self._open)

    async def drop(self) -> int:
        """End every connection, as Neon does with idle ones; how many there were."""
        dropped = list(self._open)
        for socket in dropped:
            await socket.close()
        return len(dropped)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes([web.get("/v2", self._serve), web.get("/v1", self._serve)])
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._certificates.certificate, self._certificates.key)
        await web.TCPSite(self._runner, LOOPBACK, self.port, ssl_context=context).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drop()
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        if request.path == "/v1" and request.query.get("address") != f"{LOOPBACK}:{self._target}":
            raise web.HTTPForbidden
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        self.carried += 1
        self._open.add(socket)
        reader, writer = await asyncio.open_connection(LOOPBACK, self._target)
        back = asyncio.create_task(self._back(reader, socket))
        try:
            async for message in socket:
                if message.type is not WSMsgType.BINARY or message.data.startswith(SSL_REQUEST):
                    break
                writer.write(message.data)
                await writer.drain()
        finally:
            self._open.discard(socket)
            back.cancel()
            await asyncio.gather(back, return_exceptions=True)
            writer.close()
            await socket.close()
        return socket

    async def _back(self, reader: asyncio.StreamReader, socket: web.WebSocketResponse) -> None:
        first = True
        while data := await reader.read(65536):
            self.asked_in_clear += first and data.startswith(ASKS_IN_CLEAR)
            first = False
            await socket.send_bytes(data)
        await socket.close()


@asynccontextmanager
async def role_asked_in_clear(postgres: Postgres, database: str) -> AsyncIterator[str]:
    """A role that owns `database`, and whose password PostgreSQL asks for in clear."""
    role = await postgres.create_role()
    await postgres.execute(f"ALTER DATABASE {database} OWNER TO {role}")
    [[access]] = await postgres.fetch("SHOW hba_file")
    file = Path(access)
    before = file.read_text()
    file.write_text(f"host all {role} {LOOPBACK}/32 password\n{before}")
    await postgres.execute("SELECT pg_reload_conf()")
    try:
        yield role
    finally:
        file.write_text(before)
        await postgres.execute("SELECT pg_reload_conf()")
