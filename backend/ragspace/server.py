"""The HTTP server: uvicorn, which lets running answers finish and stops where a start cannot succeed."""

import asyncio
import gc
import socket
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn

from ragspace.connections import connection_class
from ragspace.opening import Opening
from ragspace.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

STORING_SECONDS = 10.0
"""What the slowest storage may take after the drain; then the process ends all the same."""

COLLECTED_AT = 200_000
"""How many more objects there must be for the garbage collector to look through the new ones. It holds up
every stream for 6 ms per 10,000 of them, and finds nothing: a rush of 400 streams has 100,000, which are gone
with it."""


class Server(uvicorn.Server):
    """Serves the application for `settings`; `fatal` is the error that ended the server, if one did.

    On SIGTERM no new answer is started and running ones get DRAIN_SECONDS. Until then the server listens on:
    new questions are told that it ends, and a reader whose connection breaks can come back.
    """

    def __init__(self, settings: Settings) -> None:
        self.fatal: Exception | None = None
        self._settings = settings
        self._draining = False
        self._opening = Opening(self._make_app, self._stop_because)
        super().__init__(
            uvicorn.Config(
                self._opening,
                interface="asgi3",
                http=connection_class(settings.request_head_seconds, settings.request_body_seconds),
                ws="none",
                access_log=False,
                log_config=None,
                proxy_headers=False,
                server_header=False,
                lifespan="on",
                timeout_keep_alive=30,
                timeout_graceful_shutdown=int(STORING_SECONDS),
            )
        )

    def _make_app(self) -> "FastAPI":
        from ragspace.app import create_app

        return create_app(self._settings, self._stop_because)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        sparing = asyncio.create_task(self._spare_collector())
        try:
            await super().serve(sockets)
        finally:
            sparing.cancel()

    async def _spare_collector(self) -> None:
        """What was made for the start stays for ever: the collector need not look through it again and again,
        which holds up every stream."""
        app = await self._opening.opened()
        if app is None:
            return
        await app.state.runtime.health.wait_until_checked()
        gc.freeze()
        gc.set_threshold(COLLECTED_AT)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal begins the drain; another one does not wait for its end."""
        if self._draining:
            super().handle_exit(sig, frame)
        else:
            self._draining = True
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        app = self._opening.app
        if app is None:
            self.should_exit = True
            return
        drained = app.state.runtime.chat.answers.drain(self._settings.drain_seconds)
        drained.add_done_callback(self._drained)

    def _drained(self, _: "asyncio.Task[None]") -> None:
        self.should_exit = True

    def _stop_because(self, error: Exception) -> None:
        self.fatal = self.fatal or error
        self.should_exit = True
