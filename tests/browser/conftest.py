"""A real browser, and pages in it that tell what went wrong behind their back."""

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.stage import Handbook, Stage, stage
from tests.browser.tab import PATIENCE_MS, Tab
from tests.support import npm, programs, rover
from tests.support.cable import Cable
from tests.support.gemini import GeminiStandIn
from tests.support.server import RunningServer
from tests.support.servers import LOOPBACK, free_port
from tests.support.skips import require
from tests.support.vercel import vercel

BROWSER_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


OpenTab = Callable[..., AbstractAsyncContextManager[Tab]]
OpenStage = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    require("chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=programs.chromium(), args=BROWSER_ARGUMENTS
        )
        yield browser
        await browser.close()


@pytest.fixture
def open_tab(browser: Browser) -> OpenTab:
    """Opens an address in a browser that remembers nothing; keywords are those of a browser context."""

    @asynccontextmanager
    async def opened(url: str, **options: Any) -> AsyncIterator[Tab]:
        context = await browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        tab = Tab(await context.new_page())
        tab.listen()
        try:
            await tab.page.goto(url)
            yield tab
        finally:
            await context.close()

    return opened


@pytest.fixture(scope="session")
def quoting_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """The service with nothing configured: it quotes from the sample documents."""
    with RunningServer(tmp_path_factory.mktemp("quoting"), {"RATE_LIMIT": "1000/minute"}) as server:
        yield server


@pytest.fixture(scope="session")
def cable_port() -> int:
    return free_port()


@pytest.fixture(scope="session")
def writing_server(
    tmp_path_factory: pytest.TempPathFactory, gemini_stand_in: GeminiStandIn, cable_port: int
) -> Iterator[RunningServer]:
    """The service with a language model, whose answers the `gemini` fixture scripts."""
    environment = {
        **gemini_stand_in.settings,
        "EMBEDDING_PROVIDER": "local",
        "DOCS_BASE_URL": "https://docs.example.org",
        "ALLOWED_ORIGINS": f"http://{LOOPBACK}:{cable_port}",
        "RATE_LIMIT": "1000/minute",
    }
    with RunningServer(tmp_path_factory.mktemp("writing"), environment) as server:
        yield server


@pytest.fixture
async def cable(writing_server: RunningServer, cable_port: int) -> AsyncIterator[Cable]:
    """A way to the `writing_server` that can be cut."""
    async with Cable(cable_port, writing_server.port) as cable:
        yield cable


@pytest.fixture(scope="session")
def handbook(tmp_path_factory: pytest.TempPathFactory, gemini_stand_in: GeminiStandIn) -> Iterator[Handbook]:
    """A site and the chat's page, each of an origin of its own, and the service behind both."""
    require("frontend", "node")
    home = tmp_path_factory.mktemp("handbook")
    ports = free_port(), free_port()
    environment = {
        **gemini_stand_in.settings,
        "EMBEDDING_PROVIDER": "local",
        "ALLOWED_ORIGINS": ",".join(f"http://{LOOPBACK}:{port}" for port in ports),
        "RATE_LIMIT": "1000/minute",
    }
    service = RunningServer(home / "service", environment)
    # Before it starts, so that it has no need to read the sample documents first.
    ingest = [sys.executable, "-m", "ragspace", "ingest", str(rover.DOCUMENTS)]
    subprocess.run(ingest, env=service.environment, cwd=home, check=True, capture_output=True)
    configuration = rover.build(home / "site", service.url)
    page = _built_page(home / "page", service.url)
    with (
        service,
        vercel(home / "site", ports[0], configuration) as site,
        vercel(page, ports[1]) as page_url,
    ):
        yield Handbook(site, page_url, service)


@pytest.fixture
def open_stage(browser: Browser, handbook: Handbook, gemini: GeminiStandIn) -> OpenStage:
    """Opens a tab for the chat in a browser that remembers nothing; keywords are those of its context."""
    return partial(stage, browser, handbook, gemini)


def _built_page(directory: Path, api: str) -> Path:
    """The page alone, which loads the very widget that was built before."""
    vite = programs.FRONTEND / "node_modules" / "vite" / "bin" / "vite.js"
    arguments = ("build", f"--outDir={directory}", "--emptyOutDir", "--logLevel=error")
    variables = {"VITE_API_BASE_URL": api}
    npm.run_node(vite, *arguments, cwd=programs.FRONTEND, timeout=60, variables=variables)
    shutil.copy(programs.FRONTEND / "dist" / "widget.js", directory)
    return directory
