"""The page as Vercel serves it: built with one variable, on another origin, with vercel.json's headers."""

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenTab
from tests.support import npm
from tests.support.server import RunningServer
from tests.support.servers import LOOPBACK, free_port
from tests.support.skips import requires
from tests.support.vercel import CONFIGURATION, vercel

pytestmark = [requires("frontend", "node"), pytest.mark.timeout(200)]

_BUILD_S = 120.0
QUESTION = "Which secrets does the Space need?"


def build(project: Path, **variables: str) -> None:
    """As vercel.json says."""
    command = json.loads(CONFIGURATION.read_text())["buildCommand"]
    assert command.startswith("npm run ")
    npm.run_script(project, command.removeprefix("npm run "), timeout=_BUILD_S, variables=variables)


def headers(url: str) -> dict[str, str]:
    with urllib.request.urlopen(url, timeout=10) as response:
        return {name.lower(): value for name, value in response.headers.items()}


def hosts_asked_by(page: Page) -> set[str]:
    """Grows with every request that the page makes."""
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    return hosts


@dataclass(frozen=True, slots=True)
class Services:
    """Two that allow the page's origin, whose port is `page_port`."""

    page_port: int
    old: RunningServer
    new: RunningServer


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    port = free_port()
    environment = {"ALLOWED_ORIGINS": f"http://{LOOPBACK}:{port}"}
    with (
        RunningServer(tmp_path / "old", environment) as old,
        RunningServer(tmp_path / "new", environment) as new,
    ):
        yield Services(port, old, new)


@requires("chromium")
async def test_sc_008_one_value_changes_the_only_host_that_the_page_talks_to(
    project: Path, services: Services, open_tab: OpenTab
) -> None:
    for service in (services.old, services.new):
        build(project, VITE_API_BASE_URL=service.url)
        with vercel(project / "dist", services.page_port) as page_url:
            async with open_tab("about:blank") as tab:
                asked = hosts_asked_by(tab.page)
                await tab.page.goto(page_url)
                await tab.page.get_by_label("Your question").fill(QUESTION)
                await tab.page.keyboard.press("Enter")
                answer = tab.page.get_by_role("article", name="Answer")
                await expect(answer.get_by_role("button", name="Copy the answer")).to_be_visible()
                await expect(answer).to_contain_text("GEMINI_API_KEY")
                assert tab.complaints == []
                assert asked == {urlsplit(page_url).netloc, urlsplit(service.url).netloc}


def test_a_build_at_vercel_without_the_address_says_what_to_set(project: Path) -> None:
    with pytest.raises(npm.NodeFailed, match="VITE_API_BASE_URL is not set"):
        build(project, VERCEL="1", VITE_API_BASE_URL="")
    assert not (project / "dist").exists()


def test_the_headers_are_those_that_vercel_understands() -> None:
    dist = CONFIGURATION.parent / "dist"
    script = next((dist / "assets").glob("*.js")).name
    with vercel(dist, free_port()) as url:
        page, asset, widget = (headers(f"{url}/{path}") for path in ("", f"assets/{script}", "widget.js"))
    assert page["content-security-policy"] == "frame-ancestors 'none'"
    assert page["x-content-type-options"] == "nosniff"
    assert "cache-control" not in page
    assert asset["cache-control"] == "public, max-age=31536000, immutable"
    assert widget["access-control-allow-origin"] == "*"
    assert widget["cross-origin-resource-policy"] == "cross-origin"


def test_a_configuration_that_vercel_refuses_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "vercel.json"
    wrong.write_text('{"headers": [{"source": "/(", "headers": []}]}')
    with pytest.raises(npm.NodeFailed, match="invalid `source`"), vercel(tmp_path, free_port(), wrong):
        pass
