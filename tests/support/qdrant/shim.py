"""The shim as tests use it: a server on loopback, in a thread of its own."""

import asyncio
import tempfile
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from tests.support.qdrant.collections import Collections
from tests.support.qdrant.service import Behaviour, Request, application
from tests.support.servers import LOOPBACK, free_port

_PATIENCE_S = 20


class QdrantShim:
    """A Qdrant server, as far as the wire shows. `url` is for QDRANT_URL, `api_key` for QDRANT_API_KEY;
    `read_only_api_key` may search and not write.

    `requests` is everything it was asked since the last `reset`. It runs in a thread of its own: all of this
    may be used from tests with and without an event loop. What it holds survives `down` and `up`.
    """

    api_key = "shim-key"
    read_only_api_key = "shim-read-only-key"

    def __init__(self) -> None:
        self._behaviour = Behaviour()
        self._runner: web.AppRunner | None = None
        self.url = ""

    @property
    def requests(self) -> list[Request]:
        return self._behaviour.requests

    def asked(self, method: str, path: str) -> list[Request]:
        """The requests with this method and the end of this path, in order."""
        return [each for each in self.requests if each.method == method and each.path.endswith(path)]

    def slow(self, seconds: float) -> None:
        """From now on every reply begins so much later."""
        self._behaviour.slow = seconds

    def cut(self, times: int = 1) -> None:
        """Close the connection instead of replying, so many times."""
        self._behaviour.cuts = times

    def reset(self) -> None:
        """Forget the requests and what was scripted."""
        self._behaviour.requests.clear()
        self._behaviour.slow, self._behaviour.cuts = 0.0, 0

    def down(self) -> None:
        """Nobody listens any more, and open connections are closed."""
        self._run(self._stop())

    def up(self) -> None:
        """Listen again, at the same address."""
        self._run(self._start())

    def __enter__(self) -> Self:
        self._directory = tempfile.TemporaryDirectory(prefix="ragspace-qdrant-")
        self._collections = Collections(Path(self._directory.name))
        self._port = free_port()
        self.url = f"http://{LOOPBACK}:{self._port}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()
        self._collections.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_S)
        self._loop.close()
        self._directory.cleanup()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_S)

    async def _start(self) -> None:
        if self._runner is not None:
            return
        app = application(self._collections, self._behaviour, self.api_key, self.read_only_api_key)
        self._runner = web.AppRunner(app, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self._port, reuse_address=True).start()

    async def _stop(self) -> None:
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
