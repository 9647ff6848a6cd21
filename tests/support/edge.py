"""A proxy in front of a server, like the edge of a platform, and faulty in the way that a test says.

async with Edge(server.url, Faults(buffers=True)) as edge:
    await verify(edge.url)
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import aiohttp
from aiohttp import web

from tests.support.certificates import Certificates
from tests.support.servers import LOOPBACK

_HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "content-encoding", "date", "server"}


@dataclass
class Faults:
    """What is wrong with it. Header names are written in lower case."""

    asleep_for: int = 0
    """So many requests are answered with 503 at once, as by the platform for a Space that sleeps."""
    buffers: bool = False
    drops: frozenset[str] = frozenset()
    drops_from_requests: frozenset[str] = frozenset()
    adds: Mapping[str, str] = field(default_factory=dict)
    reflects_preflights: bool = False
    token: str | None = None
    """Whoever does not send it gets 404, as from a private Space."""
    appends: Mapping[str, bytes] = field(default_factory=dict)
    """To the end of the body, by path."""
    statuses: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By method and path: answered so, with a page of its own."""
    cuts: str | None = None
    """The answer at this path is cut off half way."""


class Edge:
    """Passes everything on to `target`. `asked` is method, path and headers of every request."""

    def __init__(
        self, target: str, faults: Faults | None = None, certificates: Certificates | None = None
    ) -> None:
        self.url = ""
        self.asked: list[tuple[str, str, Mapping[str, str]]] = []
        self._target = target
        self._faults = faults or Faults()
        self._certificates = certificates
        self._left_asleep = self._faults.asleep_for

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession(auto_decompress=True)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        app.on_response_prepare.append(_sign)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        context = None
        if self._certificates is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificates.certificate, self._certificates.key)
        await web.TCPSite(self._runner, LOOPBACK, 0, ssl_context=context).start()
        scheme = "https" if context else "http"
        self.url = f"{scheme}://{LOOPBACK}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._client.close()
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        faults = self._faults
        self.asked.append((request.method, request.path, dict(request.headers)))
        if faults.token is not None and request.headers.get("Authorization") != f"Bearer {faults.token}":
            return web.Response(
                status=404, text="<html>Sorry, we can't find the page</html>", content_type="text/html"
            )
        if self._left_asleep > 0:
            self._left_asleep -= 1
            return web.Response(status=503, text="<html>waking up</html>", content_type="text/html")
        if status := faults.statuses.get((request.method, request.path)):
            return web.Response(status=status, text="<html>no</html>", content_type="text/html")
        if faults.reflects_preflights and request.method == "OPTIONS":
            return web.Response(headers=_leave(request.headers["Origin"]))
        return await self._passed_on(request)

    async def _passed_on(self, request: web.Request) -> web.StreamResponse:
        faults = self._faults
        dropped = faults.drops_from_requests | {"host", "content-length", "authorization", "accept-encoding"}
        async with self._client.request(
            request.method,
            self._target + request.raw_path,
            data=await request.read() or None,
            headers={name: value for name, value in request.headers.items() if name.lower() not in dropped},
            allow_redirects=False,
        ) as upstream:
            kept = {n: v for n, v in upstream.headers.items() if n.lower() not in _HOP_BY_HOP | faults.drops}
            response = web.StreamResponse(status=upstream.status, headers=kept | dict(faults.adds))
            if request.method == "HEAD" or upstream.status == 204:
                await response.prepare(request)
                return response
            held_back = await upstream.read() if faults.buffers else b""
            await response.prepare(request)
            await response.write(held_back)
            async for chunk in upstream.content.iter_any():
                await response.write(chunk)
                if faults.cuts == request.path and request.transport is not None:
                    await asyncio.sleep(0.05)
                    request.transport.abort()
                    return response
            await response.write(faults.appends.get(request.path, b""))
            return response


async def _sign(_request: web.Request, response: web.StreamResponse) -> None:
    if "aiohttp" in response.headers.get("Server", ""):
        response.headers["Server"] = "edge"


def _leave(origin: str) -> dict[str, str]:
    """How the Spaces edge answers every preflight."""
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
        "Access-Control-Allow-Headers": "content-type, last-event-id",
    }
