"""The chat by keyboard, by ear, without motion, and in another language."""

from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import OpenStage
from tests.browser.stage import DESKTOP, Stage
from tests.browser.states import QUESTION, RICH, confirming_deletion, searching
from tests.support.gemini import Answer, GeminiStandIn
from tests.support.skips import requires

pytestmark = requires("chromium", "frontend", "node")

_FOCUSED = "() => document.querySelector('rag-chat').shadowRoot.activeElement"
_INSIDE = f"() => ({_FOCUSED})()?.closest('.panel') != null"
_ANIMATIONS = "() => document.querySelector('rag-chat').shadowRoot.getAnimations().length"


async def focused(page: Page) -> Locator:
    """A name for what has the focus within the chat."""
    await page.evaluate(
        f"""() => {{
            const root = document.querySelector("rag-chat").shadowRoot;
            for (const one of root.querySelectorAll("[data-focused]")) delete one.dataset.focused;
            const found = ({_FOCUSED})();
            if (found) found.dataset.focused = "";
        }}"""
    )
    return page.locator("rag-chat [data-focused]")


async def tab_to(stage: Stage, wanted: Locator, key: str = "Tab") -> None:
    """Presses `key` until `wanted` has the focus."""
    for _ in range(40):
        if await wanted.evaluate("element => element.getRootNode().activeElement === element"):
            return
        await stage.page.keyboard.press(key)
    raise AssertionError("it cannot be reached by keyboard")


async def test_everything_is_done_by_keyboard_alone(open_stage: OpenStage, gemini: GeminiStandIn) -> None:
    gemini.script(RICH)
    async with open_stage(**DESKTOP) as stage:
        await stage.visit()
        keyboard = stage.page.keyboard
        await tab_to(stage, stage.launcher)
        await keyboard.press("Enter")
        await expect(stage.field).to_be_focused()
        await keyboard.type(QUESTION)
        await keyboard.press("Enter")
        await expect(stage.answer).to_have_attribute("aria-busy", "false")
        await expect(stage.field).to_be_focused()
        await tab_to(stage, stage.answer.locator(".citation").first, "Shift+Tab")
        await keyboard.press("Enter")
        summary = stage.answer.locator(".card[open] summary")
        await expect(summary).to_be_focused()
        await keyboard.press("Space")
        await expect(stage.answer.locator(".card[open]")).to_have_count(0)
        good = stage.answer.get_by_role("button", name="Good answer")
        await tab_to(stage, good, "Shift+Tab")
        await keyboard.press("Enter")
        await expect(good).to_have_attribute("aria-pressed", "true")
        await keyboard.press("Escape")
        await expect(stage.panel).to_be_hidden()
        await expect(stage.launcher).to_be_focused()
        assert stage.tab.complaints == []


async def test_the_focus_stays_in_the_open_panel_both_ways_round(
    open_stage: OpenStage, gemini: GeminiStandIn
) -> None:
    gemini.script(RICH)
    async with open_stage(**DESKTOP) as stage:
        await stage.open()
        await stage.answered(QUESTION)
        for key in ("Tab", "Shift+Tab"):
            stops = set()
            for _ in range(30):
                await stage.page.keyboard.press(key)
                assert await stage.page.evaluate(_INSIDE)
                stops.add(await (await focused(stage.page)).evaluate("element => element.outerHTML"))
            assert 10 < len(stops) < 30, "it goes round"


async def test_escape_leaves_a_question_first_and_then_the_panel(open_stage: OpenStage) -> None:
    async with open_stage(**DESKTOP) as stage:
        await confirming_deletion(stage)
        await expect(stage.panel.get_by_role("button", name="Cancel")).to_be_focused()
        await stage.page.keyboard.press("Escape")
        await expect(stage.panel.get_by_role("alertdialog")).to_have_count(0)
        await expect(stage.panel.get_by_role("button", name="Delete conversation")).to_be_focused()
        await stage.page.keyboard.press("Escape")
        await expect(stage.panel).to_be_hidden()
        await expect(stage.launcher).to_be_focused()


async def test_the_focus_returns_to_what_opened_the_panel(open_stage: OpenStage) -> None:
    async with open_stage(**DESKTOP) as stage:
        await stage.visit()
        link = stage.page.get_by_role("link", name="Power")
        await link.focus()
        await stage.page.evaluate("document.querySelector('rag-chat').open()")
        await expect(stage.field).to_be_focused()
        await stage.page.keyboard.press("Escape")
        await expect(link).to_be_focused()


async def test_whole_sentences_are_read_while_the_answer_comes(
    open_stage: OpenStage, gemini: GeminiStandIn
) -> None:
    sentences = [f"This is sentence number {n}, which says **something** [1]." for n in range(1, 25)]
    gemini.script(Answer(" ".join(sentences), chunk_size=10, pace_s=0.025))
    async with open_stage(**DESKTOP) as stage:
        await stage.open()
        log = stage.panel.get_by_role("log")
        answer = await stage.ask("Where is the LiDAR on the mast?")
        await expect(log.locator("p").first).to_be_attached()
        await expect(answer).to_have_attribute("aria-busy", "true")
        await expect(log).to_contain_text("number 24, which says something.")
        read = await log.locator("p").all_text_contents()
        assert all(said.endswith(".") and said.startswith("This is") for said in read)
        assert " ".join(read).split() == spoken(sentences)
        assert 1 < len(read) < len(sentences), "close sentences are read as one"


def spoken(sentences: list[str]) -> list[str]:
    return " ".join(sentences).replace("**", "").replace(" [1]", "").split()


async def test_nothing_moves_for_a_reader_who_wants_no_motion(open_stage: OpenStage) -> None:
    async def moving(**options: Any) -> int:
        async with open_stage(**DESKTOP, **options) as stage:
            await searching(stage)
            count: int = await stage.page.evaluate(_ANIMATIONS)
            return count

    assert await moving(reduced_motion="reduce") == 0
    assert await moving(reduced_motion="no-preference") > 0


async def test_the_chat_speaks_german_where_it_is_told_to(open_stage: OpenStage) -> None:
    async with open_stage(**DESKTOP) as stage:
        await stage.open(lang="de")
        await expect(stage.panel.get_by_role("heading", name="Was möchten Sie wissen?")).to_be_visible()
        await stage.panel.get_by_label("Ihre Frage").fill(QUESTION)
        await stage.page.keyboard.press("Enter")
        await expect(stage.panel.get_by_role("button", name="Antwort kopieren")).to_be_visible()
        await expect(stage.page.locator("rag-chat .frame")).to_have_attribute("lang", "de")
        assert await violations(stage.page) == []


async def test_colours_that_the_reader_forces_leave_everything_to_be_seen(open_stage: OpenStage) -> None:
    async with open_stage(**DESKTOP, forced_colors="active") as stage:
        await stage.open()
        await stage.answered(QUESTION)
        style = "element => getComputedStyle(element).borderTopWidth"
        assert await stage.launcher.evaluate(style) == "1px"
        assert await stage.answer.locator(".citation").first.evaluate(style) == "1px"
        assert await violations(stage.page) == []
