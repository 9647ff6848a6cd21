"""What is answered while the application is still being imported and made."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from ragspace.api.health import live
from ragspace.opening import LIVE, Opening
from tests.support.fresh_interpreter import modules_after


class Making:
    """An application that is there as soon as `finish` is called; `running` is whether its lifespan is."""

    def __init__(self) -> None:
        self._finished = threading.Event()
        self.running = False
        self.finish = self._finished.set

    def __call__(self) -> FastAPI:
        self._finished.wait()
        app = FastAPI(lifespan=self._lifespan)
        app.get("/answer")(lambda: "made")
        app.get(LIVE)(live)
        return app

    @asynccontextmanager
    async def _lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        self.running = True
        yield
        self.running = False


def fails() -> FastAPI:
    raise LookupError


@asynccontextmanager
async def lifespan(opening: Opening) -> AsyncIterator[AsyncClient]:
    """A client for the time from the lifespan's beginning to its end."""
    told: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    said: asyncio.Queue[object] = asyncio.Queue()
    task = asyncio.ensure_future(opening({"type": "lifespan"}, told.get, said.put))
    await told.put({"type": "lifespan.startup"})
    assert await said.get() == {"type": "lifespan.startup.complete"}
    async with AsyncClient(transport=ASGITransport(opening), base_url="http://test") as client:  # type: ignore[arg-type]
        yield client
    await told.put({"type": "lifespan.shutdown"})
    assert await said.get() == {"type": "lifespan.shutdown.complete"}
    await task


async def test_that_the_process_lives_is_told_before_the_application_is_there_and_in_the_same_words() -> None:
    making = Making()
    async with lifespan(Opening(making, pytest.fail)) as client:
        early = await client.get(LIVE)
        making.finish()
        await client.get("/answer")
        late = await client.get(LIVE)

    assert (early.status_code, early.content) == (200, b'{"status":"ok"}')
    assert (late.status_code, late.content) == (early.status_code, early.content)


async def test_what_else_is_asked_early_waits_for_the_application() -> None:
    making = Making()
    async with lifespan(Opening(making, pytest.fail)) as client:
        waiting = asyncio.ensure_future(client.get("/answer"))
        await client.get(LIVE)
        assert not waiting.done()
        making.finish()
        assert (await waiting).json() == "made"


async def test_the_applications_own_lifespan_begins_and_ends() -> None:
    making = Making()
    making.finish()
    async with lifespan(Opening(making, pytest.fail)) as client:
        await client.get("/answer")
        assert making.running
    assert not making.running


async def test_an_application_that_cannot_be_made_is_told_and_nobody_waits_for_it() -> None:
    failures: list[Exception] = []
    opening = Opening(fails, failures.append)
    async with lifespan(opening) as client:
        response = await client.get("/answer")
        assert await opening.opened() is None

    assert response.status_code == 503
    assert response.json()["error"]["code"] == "starting"
    assert [type(failure) for failure in failures] == [LookupError]


def test_a_server_listens_before_what_its_application_stands_on_is_imported() -> None:
    loaded = modules_after(
        "from ragspace import cli, configuration\n"
        "from ragspace.server import Server\n"
        "Server(configuration.load({}))"
    )
    assert loaded & {"fastapi", "aiohttp", "limits", "sqlalchemy", "numpy", "qdrant_edge"} == set()
