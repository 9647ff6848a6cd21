"""The recipe for Docusaurus: a site of its own generator, built with the plugin, in a real browser."""

import json
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.conftest import OpenTab
from tests.frontend.conftest import Book
from tests.support.docusaurus import packages
from tests.support.skips import requires

pytestmark = [requires("chromium", "frontend", "docusaurus"), pytest.mark.timeout(400)]


async def opened(page: Page) -> Locator:
    """The chat, whose button was pressed."""
    await page.locator("rag-chat").get_by_role("button").first.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    return dialog


async def answered(chat: Locator, question: str) -> Locator:
    """The whole answer."""
    await chat.get_by_label("Your question").fill(question)
    await chat.page.keyboard.press("Enter")
    answer = chat.get_by_role("article", name="Answer").last
    await expect(answer.get_by_role("button", name="Copy the answer")).to_be_visible()
    return answer


async def heading_in_view(page: Page) -> dict[str, object]:
    """The heading that the address names: the text below it, and its distance from the window's top."""
    found: dict[str, object] = await page.evaluate(
        """() => {
            const heading = document.getElementById(decodeURIComponent(location.hash.slice(1)));
            if (!heading) return {};
            const text = heading.nextElementSibling.textContent;
            return { text, top: heading.getBoundingClientRect().top };
        }"""
    )
    return found


def test_the_generator_asks_for_what_the_lock_file_pins(book: Book) -> None:
    asked = json.loads((book.site.directory / "package.json").read_text())
    pinned = json.loads((Path(packages.__file__).parent / "package.json").read_text())
    assert asked["dependencies"] == pinned["dependencies"]
    assert asked["devDependencies"].items() <= pinned["devDependencies"].items()


async def test_the_button_is_there_and_nothing_complains(book: Book, open_tab: OpenTab) -> None:
    async with open_tab(f"{book.site.url}/docs/intro") as tab:
        await opened(tab.page)
        await tab.page.wait_for_load_state("networkidle")
        assert tab.complaints == []


@pytest.mark.parametrize(
    ("question", "address", "told"),
    [
        ("How far does the LiDAR see by day?", "/docs/sensors/lidar#range", "eighty metres"),
        ("How far does the LiDAR see by night?", "/docs/sensors/lidar#range-1", "two hundred metres"),
        ("How far does the LiDAR see in fog?", "/docs/sensors/lidar#range-2", "fifteen metres"),
    ],
)
async def test_a_source_link_leads_to_the_heading_that_the_answer_rests_on(
    book: Book, open_tab: OpenTab, question: str, address: str, told: str
) -> None:
    async with open_tab(f"{book.site.url}/docs/intro") as tab:
        page = tab.page
        answer = await answered(await opened(page), question)
        await expect(answer).to_contain_text(told)
        await answer.get_by_role("region", name="Sources").locator("summary").first.click()
        await answer.get_by_role("link", name="Open the page").first.click()
        await page.wait_for_url(f"{book.site.url}{address}*")
        await page.wait_for_load_state("networkidle")
        landed = await heading_in_view(page)
        assert told in str(landed["text"])
        assert 0 <= float(str(landed["top"])) < 300
        assert tab.complaints == []


async def test_text_that_the_reader_selects_can_be_asked_about(book: Book, open_tab: OpenTab) -> None:
    async with open_tab(f"{book.site.url}/docs/sensors/lidar") as tab:
        page = tab.page
        await page.locator("article p", has_text="The mast holds the LiDAR").select_text()
        await page.get_by_role("button", name="Ask about this").click()
        chat = page.get_by_role("dialog")
        await expect(chat).to_contain_text("The mast holds the LiDAR one metre above the deck")
        answer = await answered(chat, "How high is the LiDAR?")
        await expect(answer).to_contain_text("one metre")
        assert tab.complaints == []


async def test_the_chat_stays_when_the_reader_goes_to_another_page(book: Book, open_tab: OpenTab) -> None:
    async with open_tab(f"{book.site.url}/docs/intro") as tab:
        page = tab.page
        chat = await opened(page)
        answer = await answered(chat, "How far does the LiDAR see by night?")
        await page.evaluate("window.sameDocument = true")
        await page.evaluate("document.querySelector('a.pagination-nav__link--next').click()")
        await page.wait_for_url(lambda url: not url.endswith("/docs/intro"))
        assert await page.evaluate("window.sameDocument") is True
        await expect(answer).to_contain_text("two hundred metres")
        assert await page.locator("rag-chat").count() == 1
        assert tab.complaints == []


async def test_the_chat_follows_the_sites_switch_between_light_and_dark(
    book: Book, open_tab: OpenTab
) -> None:
    async with open_tab(f"{book.site.url}/docs/intro", color_scheme="light") as tab:
        chat = await opened(tab.page)
        light = await background(chat)
        await tab.page.evaluate("document.documentElement.dataset.theme = 'dark'")
        await expect(chat).not_to_have_css("background-color", light)
        assert tab.complaints == []


async def background(chat: Locator) -> str:
    colour: str = await chat.evaluate("element => getComputedStyle(element).backgroundColor")
    return colour


async def test_the_chat_speaks_the_language_of_the_pages_locale_and_links_into_it(
    book: Book, open_tab: OpenTab
) -> None:
    async with open_tab(f"{book.site.url}/de/docs/intro") as tab:
        page = tab.page
        chat = await opened(page)
        await (
            chat.get_by_label("Ihre Frage")
            .or_(chat.get_by_label("Deine Frage"))
            .fill("How far does it see in fog?")
        )
        await page.keyboard.press("Enter")
        link = chat.locator("details.card a").first
        await expect(link).to_have_attribute("href", f"{book.site.url}/de/docs/sensors/lidar#range-2")
        assert tab.complaints == []


async def asleep(route: Route) -> None:
    """As a platform answers in the place of a Space: at once, with no header that lets the page read it."""
    await route.fulfill(status=503, content_type="text/html", body="<h1>Sleeping</h1>")


async def test_while_the_space_sleeps_the_button_is_there_and_the_question_waits(
    book: Book, open_tab: OpenTab
) -> None:
    async with open_tab("about:blank") as tab:
        page = tab.page
        await page.route(f"{book.service.url}/**", asleep)
        await page.goto(f"{book.site.url}/docs/intro")
        chat = await opened(page)
        await chat.get_by_label("Your question").fill("How far does the LiDAR see in fog?")
        await page.keyboard.press("Enter")
        await expect(chat.get_by_text("Waking up").first).to_be_visible()
        await page.unroute(f"{book.service.url}/**")
        answer = chat.get_by_role("article", name="Answer")
        await expect(answer).to_contain_text("fifteen metres")
