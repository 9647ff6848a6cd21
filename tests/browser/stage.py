"""The chat on a site of another origin than its service: what a reader does there, and what the test sees."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.tab import PATIENCE_MS, Tab
from tests.support.gemini import GeminiStandIn
from tests.support.server import RunningServer

DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 320, "height": 640},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 2,
}
DEVICES = {"desktop": DESKTOP, "phone": PHONE}
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Handbook:
    """A documentation site, the chat's page as at Vercel, and the service that has read the documents."""

    site: str
    page: str
    service: RunningServer


@dataclass(frozen=True, slots=True)
class Stage:
    """One tab with the chat in it. Locators see through its shadow root."""

    handbook: Handbook
    tab: Tab
    context: BrowserContext
    gemini: GeminiStandIn

    @property
    def page(self) -> Page:
        return self.tab.page

    @property
    def launcher(self) -> Locator:
        return self.page.locator("rag-chat .launcher")

    @property
    def panel(self) -> Locator:
        return self.page.locator("rag-chat .panel")

    @property
    def field(self) -> Locator:
        return self.panel.locator("textarea")

    @property
    def answer(self) -> Locator:
        """The newest."""
        return self.panel.get_by_role("article").last

    async def visit(self, path: str = "/docs/sensors", **attributes: str) -> None:
        """A page of the site, whose chat has these attributes."""
        await self.page.goto(f"{self.handbook.site}{path}?{urlencode(attributes)}")

    async def open(self, path: str = "/docs/sensors", **attributes: str) -> None:
        """As `visit`, with the panel open."""
        await self.visit(path, **attributes)
        await self.launcher.click()
        await expect(self.panel).to_be_visible()

    async def show_in(self, theme: Theme) -> None:
        """The reader's system switches to it."""
        await self.page.emulate_media(color_scheme=theme)
        await expect(self.page.locator("rag-chat .frame")).to_have_attribute("data-theme", theme)

    async def ask(self, question: str) -> Locator:
        """By keyboard; the element of the answer-to-come."""
        answers = self.panel.get_by_role("article")
        count = await answers.count()
        await self.field.fill(question)
        await self.field.press("Enter")
        return answers.nth(count)

    async def answered(self, question: str) -> Locator:
        """Asks and waits until the answer is whole; its element."""
        answer = await self.ask(question)
        await expect(answer).to_have_attribute("aria-busy", "false")
        return answer

    async def select(self, paragraph: str) -> None:
        """Select a paragraph of the site's, as a reader does before asking about it."""
        await self.page.locator("main p", has_text=paragraph).select_text()

    async def refuse(self, code: str, status: int, *, retry_after: int | None = None) -> None:
        """Questions are answered with this error, as the service writes it, until `accept`."""
        error: dict[str, Any] = {"code": code, "message": code, "action": code, "request_id": "0"}
        if retry_after is not None:
            error["retry_after"] = retry_after
        body = json.dumps({"error": error, "detail": code})
        headers = {"Access-Control-Allow-Origin": self.handbook.site, "Content-Type": "application/json"}
        await self.page.route(
            "**/api/chat", lambda route: route.fulfill(status=status, headers=headers, body=body)
        )

    async def accept(self) -> None:
        await self.page.unroute("**/api/chat")


@asynccontextmanager
async def stage(
    browser: Browser, handbook: Handbook, gemini: GeminiStandIn, **options: Any
) -> AsyncIterator[Stage]:
    """In a browser that remembers nothing but what `options`, those of a browser context, say."""
    context = await browser.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    tab = Tab(await context.new_page())
    tab.listen()
    try:
        yield Stage(handbook, tab, context, gemini)
    finally:
        await context.close()
