"""The edge in front of one Space, as Spaces have it: what it adds, answers itself, and refuses."""

import asyncio
from collections.abc import Callable

import aiohttp
from aiohttp import web

from tests.support.servers import LOOPBACK

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "content-encoding"}


class Edge:
    """Serves on a loopback port of its own. `target` tells the application's port, or None where nothing runs
    (`visited` is then called, which may wake it); `admits` whether a bearer token may pass."""

    def __init__(
        self, target: Callable[[], int | None], admits: Callable[[str], bool], visited: Callable[[], None]
    ) -> None:
        self.port = 0
        self._target = target
        self._admits = admits
        self._visited = visited
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    async def open(self) -> None:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._handle)
        app.on_response_prepare.append(_sign)
        self._session = aiohttp.ClientSession(
            auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None)
        )
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0).start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            await self._session.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self._admits(token):
            return web.Response(status=404, text="<html>404: sorry, this Space is not here</html>")
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return _preflight(request)
        port = self._target()
        if port is None:
            self._visited()
            return web.Response(status=503, text="<html>Your Space is starting</html>")
        try:
            return await self._pass_on(request, port)
        except aiohttp.ClientConnectionError:
            return web.Response(status=503, text="<html>no answer</html>")

    async def _pass_on(self, request: web.Request, port: int) -> web.StreamResponse:
        headers = [(n, v) for n, v in request.headers.items() if n.lower() not in _HOP_BY_HOP]
        before = request.headers.get("X-Forwarded-For")
        headers = [(n, v) for n, v in headers if n.lower() != "x-forwarded-for"]
        headers.append(("X-Forwarded-For", f"{before}, {request.remote}" if before else str(request.remote)))
        headers += [("X-Forwarded-Proto", "https"), ("Host", request.host)]
        async with self._session.request(
            request.method,
            f"http://{LOOPBACK}:{port}{request.path_qs}",
            headers=headers,
            data=await request.read() or None,
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(status=answer.status, reason=answer.reason)
            for name, value in answer.headers.items():
                if name.lower() not in _HOP_BY_HOP - {"content-encoding", "content-length"}:
                    response.headers.add(name, value)
            response.headers["x-proxied-host"] = f"http://{LOOPBACK}"
            response.headers["x-proxied-replica"] = "stand-in"
            response.headers["x-proxied-path"] = request.path
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
            await response.write_eof()
            return response


async def _sign(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "edge"


def _preflight(request: web.Request) -> web.Response:
    """Answered here, for any origin: the application never sees it."""
    return web.Response(
        headers={
            "Access-Control-Allow-Origin": request.headers.get("Origin", "*"),
            "Access-Control-Allow-Methods": request.headers["Access-Control-Request-Method"],
            "Access-Control-Allow-Headers": request.headers.get("Access-Control-Request-Headers", ""),
            "Vary": "Origin",
        }
    )


async def listens(port: int) -> bool:
    """Whether something takes connections at `port`."""
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True
