"""Every state of the chat, on a desktop and on a narrow phone, in light and in dark."""

import pytest
from playwright.async_api import Browser

from tests.browser.axe import violations
from tests.browser.conftest import Handbook
from tests.browser.stage import DEVICES, THEMES, stage
from tests.browser.states import STATES, State
from tests.support.gemini import GeminiStandIn
from tests.support.skips import requires

pytestmark = requires("chromium", "frontend", "node")

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name.replace(" ", "-"))
async def test_nobody_is_shut_out_and_nothing_complains(
    state: State, device: str, browser: Browser, handbook: Handbook, gemini: GeminiStandIn
) -> None:
    async with stage(browser, handbook, gemini, **DEVICES[device], reduced_motion="reduce") as tab:
        await state.reach(tab)
        for theme in THEMES:
            await tab.show_in(theme)
            assert await violations(tab.page) == [], theme
        assert await tab.page.evaluate(OVERFLOW) == 0
        complaints = [said for said in tab.tab.complaints if not state.unavoidable.fullmatch(said)]
        assert complaints == []
