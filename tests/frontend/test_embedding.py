"""The line that embeds the chat, as the guide has it, in a page of another origin with a strict policy."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenTab
from tests.support.docusaurus.site import EXAMPLE_API, GUIDE
from tests.support.guide import blocks_of
from tests.support.server import RunningServer
from tests.support.servers import LOOPBACK, free_port
from tests.support.skips import requires
from tests.support.vercel import vercel

pytestmark = requires("chromium", "frontend", "node")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def service(tmp_path: Path, port: int) -> Iterator[RunningServer]:
    with RunningServer(tmp_path / "service", {"ALLOWED_ORIGINS": f"http://{LOOPBACK}:{port}"}) as service:
        yield service


def guides(heading: str, api: str) -> str:
    """The guide's block under `heading`, for the service at `api`."""
    (block,) = (block.text for block in blocks_of(GUIDE) if block.heading == heading)
    assert EXAMPLE_API in block
    return block.replace(EXAMPLE_API, api).strip()


async def test_the_guides_line_works_under_the_guides_policy(
    service: RunningServer, port: int, open_tab: OpenTab, tmp_path: Path
) -> None:
    line = guides("Embed it with one line", service.url)
    (tmp_path / "index.html").write_text(f"<!doctype html><title>A site</title><h1>A site</h1>{line}")
    policy = "default-src 'none'; " + guides("Allow it in a content security policy", service.url)
    headers = [{"key": "Content-Security-Policy", "value": policy}]
    configuration = tmp_path / "vercel.json"
    configuration.write_text(json.dumps({"headers": [{"source": "/(.*)", "headers": headers}]}))
    with vercel(tmp_path, port, configuration) as site:
        async with open_tab(site) as tab:
            await tab.page.locator("rag-chat").get_by_role("button").first.click()
            await tab.page.get_by_label("Your question").fill("Which secrets does the Space need?")
            await tab.page.keyboard.press("Enter")
            answer = tab.page.get_by_role("article", name="Answer")
            await expect(answer).to_contain_text("GEMINI_API_KEY")
            assert [said for said in tab.complaints if "favicon" not in said] == []
