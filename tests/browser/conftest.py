"""A real browser, and pages in it that tell what went wrong behind their back."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.support import programs
from tests.support.cable import Cable
from tests.support.gemini import GeminiStandIn
from tests.support.server import RunningServer
from tests.support.servers import LOOPBACK, free_port
from tests.support.skips import require

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
_PATIENCE_MS = 15_000


@dataclass
class Tab:
    """A page, and what its console and its network complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def listen(self) -> None:
        self.page.on("console", lambda said: self._console(said.type, said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))
        self.page.on("requestfailed", lambda asked: self.complaints.append(f"failed: {asked.url}"))
        self.page.on("response", lambda got: self._response(got.status, got.url))

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"console: {text}")

    def _response(self, status: int, url: str) -> None:
        if status >= 400:
            self.complaints.append(f"{status}: {url}")


OpenTab = Callable[..., AbstractAsyncContextManager[Tab]]


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
        context.set_default_timeout(_PATIENCE_MS)
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
