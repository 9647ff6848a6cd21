"""An application that is imported and made while the server already listens: that takes most of a start."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ragspace.api.error_responses import error_response
from ragspace.api.security_headers import missing_headers
from ragspace.errors import Starting

if TYPE_CHECKING:
    from fastapi import FastAPI

LIVE = "/api/health/live"


class Opening:
    """The ASGI application that `make` makes, in a thread; until it is there, what is asked waits for it, and
    only that the process lives is told at once.

    `failed` is told why it cannot be made.
    """

    def __init__(self, make: "Callable[[], FastAPI]", failed: Callable[[Exception], None]) -> None:
        self._make = make
        self._failed = failed
        self._opened = asyncio.Event()
        self._over = AsyncExitStack()
        self.app: FastAPI | None = None

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if self.app is not None:
            return self.app(scope, receive, send)
        if scope["type"] == "lifespan":
            return self._lifespan(receive, send)
        return self._early(scope, receive, send)

    async def opened(self) -> "FastAPI | None":
        """The application, once it was made and runs; None where it could not be."""
        await self._opened.wait()
        return self.app

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        opening = asyncio.create_task(self._open())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await opening
        await self._over.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _open(self) -> None:
        try:
            app = await asyncio.to_thread(self._make)
            await self._over.enter_async_context(app.router.lifespan_context(app))
            self.app = app
        except Exception as error:  # noqa: BLE001 - whatever it is, there is nothing to serve
            self._failed(error)
        finally:
            self._opened.set()

    async def _early(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET" and scope["path"] == LIVE:
            response = Response(orjson.dumps({"status": "ok"}), media_type="application/json")
            response.raw_headers += missing_headers(response.raw_headers, LIVE)
            await response(scope, receive, send)
            return
        app = await self.opened()
        await (app or error_response(Starting(retry_after=2)))(scope, receive, send)
