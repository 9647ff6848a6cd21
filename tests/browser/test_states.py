"""Every state of the chat, on a desktop and on a narrow phone, in light and in dark.

`RAGSPACE_SCREENSHOTS=DIRECTORY` leaves a picture of each there, to be looked at.
"""

import os
from pathlib import Path

import pytest

from tests.browser.axe import violations
from tests.browser.conftest import OpenStage
from tests.browser.stage import DEVICES, THEMES
from tests.browser.states import STATES, State
from tests.support.skips import requires

pytestmark = requires("chromium", "frontend", "node")

PICTURES = os.environ.get("RAGSPACE_SCREENSHOTS")
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name.replace(" ", "-"))
async def test_nobody_is_shut_out_and_nothing_complains(
    state: State, device: str, open_stage: OpenStage
) -> None:
    async with open_stage(**DEVICES[device], reduced_motion="reduce") as tab:
        await state.reach(tab)
        for theme in THEMES:
            await tab.show_in(theme)
            if PICTURES:
                name = f"{state.name}-{device}-{theme}.png".replace(" ", "-")
                await tab.page.screenshot(path=Path(PICTURES) / name)
            assert await violations(tab.page) == [], theme
        assert await tab.page.evaluate(OVERFLOW) == 0
        complaints = [said for said in tab.tab.complaints if not state.unavoidable.fullmatch(said)]
        assert complaints == []
