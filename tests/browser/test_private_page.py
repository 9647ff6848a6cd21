"""The page of a service with API_KEY: it asks for the key, and keeps it for the tab alone."""

from collections.abc import Iterator

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenTab
from tests.support.server import RunningServer

KEY = "zq7mark-own-key-of-the-service"
QUESTION = "Which secrets does the Space need?"


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("private"), {"API_KEY": KEY}) as running:
        yield running


async def test_the_key_is_asked_for_once_sent_with_each_request_and_kept_for_the_tab_alone(
    private: RunningServer, open_tab: OpenTab
) -> None:
    async with open_tab(private.url) as tab:
        page = tab.page
        await page.get_by_role("button", name=QUESTION).click()
        form = page.locator("#key")
        await expect(form).to_contain_text("This service is private.")
        await form.get_by_label("Its key").fill("wrong-key-of-16-letters")
        await form.get_by_role("button").click()
        await expect(form).to_have_count(0)
        box = page.get_by_role("textbox")
        await box.fill(QUESTION)
        await box.press("Enter")
        await form.get_by_label("Its key").fill(KEY)
        await form.get_by_role("button").click()
        await box.fill(QUESTION)
        await box.press("Enter")
        await expect(page.locator(".answer .prose").last).to_contain_text("GEMINI_API_KEY")
        await expect(form).to_have_count(0)
        kept = await page.evaluate("JSON.stringify([localStorage, document.cookie, location.href])")
        assert KEY not in kept
        assert await page.evaluate("sessionStorage.getItem('ragspace-key')") == KEY
        unexpected = [said for said in tab.complaints if "401" not in said]
        tab.complaints.clear()
        assert unexpected == []
    assert KEY not in private.log
