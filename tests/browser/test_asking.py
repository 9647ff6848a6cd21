"""What a reader does with the chat on a site of another origin than its service."""

import json
from typing import Any

import pytest
from playwright.async_api import Request, expect

from tests.browser.conftest import OpenStage
from tests.browser.stage import DESKTOP, PHONE, Stage
from tests.browser.states import LONG, QUESTION, RICH, RIGHT_TO_LEFT, searching, text_selected
from tests.support.gemini import Answer, GeminiStandIn
from tests.support.skips import requires

pytestmark = requires("chromium", "frontend", "node")

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}
CODE = "# takes two minutes\nrover calibrate lidar --station home --wait 120 --report full > lidar.txt"
OWN_OVERFLOW = "element => element.scrollWidth - element.clientWidth"


def questions_of(stage: Stage) -> list[dict[str, Any]]:
    """Grows with every question that is sent."""
    sent: list[dict[str, Any]] = []

    def look(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/api/chat"):
            sent.append(json.loads(request.post_data or ""))

    stage.page.on("request", look)
    return sent


async def conversation(stage: Stage) -> tuple[str, list[dict[str, Any]]]:
    """Its id, and its messages as the service keeps them."""
    key = f"ragspace-chat:{stage.handbook.service.url}:conversation"
    conversation_id = await stage.page.evaluate("key => localStorage.getItem(key)", key)
    response = await stage.page.request.get(
        f"{stage.handbook.service.url}/api/conversation/{conversation_id}"
    )
    return conversation_id, (await response.json()).get("messages", [])


async def copied(stage: Stage) -> str:
    text: str = await stage.page.evaluate("navigator.clipboard.readText()")
    return text


async def test_what_is_finished_is_drawn_once_while_the_rest_of_the_answer_comes(
    open_stage: OpenStage, gemini: GeminiStandIn
) -> None:
    gemini.script(Answer(RICH.text, chunk_size=8, pace_s=0.02))
    async with open_stage(**DESKTOP) as stage:
        await stage.open()
        answer = await stage.ask(QUESTION)
        prose = answer.locator(".prose")
        await expect(prose.locator("li").first).to_be_visible()
        await prose.evaluate("prose => { window.firstBlocks = [...prose.children].slice(0, 2); }")
        await expect(answer).to_have_attribute("aria-busy", "false")
        still = "prose => window.firstBlocks.every((block, at) => block === prose.children[at])"
        assert await prose.evaluate(still)
        await expect(prose.locator("h4")).to_have_text("Range")
        await expect(prose.locator("ol li")).to_have_count(3)
        await expect(prose.locator("strong")).to_have_text("two hundred metres")
        await expect(prose.locator("blockquote")).to_have_text("Do not touch the mast.")
        assert stage.tab.complaints == []


async def test_code_is_highlighted_and_copied_as_it_is(open_stage: OpenStage, gemini: GeminiStandIn) -> None:
    gemini.script(RICH)
    async with open_stage(**DESKTOP, **CLIPBOARD) as stage:
        await stage.open()
        answer = await stage.answered(QUESTION)
        await expect(answer.locator("pre .hl-cmnt")).to_have_text("# takes two minutes")
        await answer.get_by_role("button", name="Copy the code").click()
        await expect(answer.get_by_role("button", name="Copy the code").locator(".icon-done")).to_be_visible()
        assert (await copied(stage)).rstrip("\n") == CODE


async def test_a_table_is_a_table_and_a_formula_is_left_alone(
    open_stage: OpenStage, gemini: GeminiStandIn
) -> None:
    gemini.script(RICH)
    async with open_stage(**DESKTOP) as stage:
        await stage.open()
        answer = await stage.answered(QUESTION)
        await expect(answer.get_by_role("columnheader")).to_have_text(["When", "Range"])
        await expect(answer.get_by_role("row", name="fog")).to_contain_text("15 m")
        await expect(answer.locator(".math")).to_have_text("$d = c * t * 0.5$")


async def test_the_sources_are_seen_before_the_first_word(open_stage: OpenStage) -> None:
    async with open_stage(**DESKTOP) as stage:
        await searching(stage)
        await expect(stage.answer.locator(".prose")).to_be_empty()
        await expect(stage.answer.locator(".card .title").first).to_have_text("LiDAR")
        assert stage.tab.complaints == []


@pytest.mark.parametrize(
    ("device", "stays_open"), [(DESKTOP, True), (PHONE, False)], ids=["desktop", "phone"]
)
async def test_a_citation_leads_to_its_card_and_on_to_the_heading_in_the_page(
    open_stage: OpenStage, gemini: GeminiStandIn, device: dict[str, Any], stays_open: bool
) -> None:
    gemini.script(Answer("Two hundred metres [1]."))
    async with open_stage(**device) as stage:
        await stage.open("/docs/sensors")
        answer = await stage.answered(QUESTION)
        await answer.get_by_role("button", name="Source 1: Range").click()
        card = answer.locator(".card[open]")
        await expect(card.locator("summary")).to_be_focused()
        await expect(card).to_contain_text("By night it sees up to two hundred metres")
        await card.get_by_role("link", name="Open the page").click()
        heading = stage.page.get_by_role("heading", name="Range", exact=True)
        await expect(heading).to_be_in_viewport()
        assert stage.page.url.endswith("/docs/sensors#range")
        await expect(stage.panel).to_be_visible(visible=stays_open)
        assert stage.tab.complaints == []


async def test_selected_text_is_previewed_and_asked_about_and_can_be_cleared(open_stage: OpenStage) -> None:
    async with open_stage(**DESKTOP) as stage:
        sent = questions_of(stage)
        await text_selected(stage)
        await stage.page.get_by_role("button", name="Ask about this").click()
        badge = stage.panel.locator(".badge")
        await expect(badge).to_contain_text("SelectionThe LiDAR sits on the mast, one metre above the deck")
        await expect(stage.field).to_be_focused()
        await badge.get_by_role("button", name="Clear the selection").click()
        await expect(badge).to_have_count(0)
        await expect(stage.field).to_be_focused()
        await stage.answered("What is on the mast?")
        await stage.select("Two cameras look to the sides")
        await stage.page.get_by_role("button", name="Ask about this").click()
        await stage.answered("How many?")
        await expect(badge).to_have_count(0)
        assert [question.get("mode", "general") for question in sent] == ["general", "selection"]
        assert sent[1]["context"].startswith("Two cameras look to the sides")
        assert stage.tab.complaints == []


async def test_a_follow_up_goes_on_with_the_conversation(
    open_stage: OpenStage, gemini: GeminiStandIn
) -> None:
    async with open_stage(**DESKTOP) as stage:
        await stage.open()
        await expect(stage.field).to_have_attribute("placeholder", "Ask a question …")
        await stage.answered(QUESTION)
        await expect(stage.field).to_have_attribute("placeholder", "Ask a follow-up …")
        await stage.answered("And how far does the LiDAR see in fog?")
        _, messages = await conversation(stage)
        assert [message["role"] for message in messages] == ["user", "assistant"] * 2
        assert QUESTION in " ".join(gemini.asked("generate")[-1].texts)


async def test_a_stopped_answer_is_kept_and_the_next_question_can_be_asked(
    open_stage: OpenStage, gemini: GeminiStandIn
) -> None:
    question = "When does the LiDAR measure?"
    gemini.script(Answer("Word by word. " * 200, chunk_size=12, pace_s=0.05), times=1)
    async with open_stage(**DESKTOP) as stage:
        await stage.open()
        answer = await stage.ask(question)
        await expect(answer.locator(".prose")).to_contain_text("Word by word.")
        await stage.panel.get_by_role("button", name="Stop the answer").click()
        await expect(answer).to_contain_text("Stopped.")
        await expect(stage.field).to_be_focused()
        _, messages = await conversation(stage)
        assert messages[1]["status"] == "stopped"
        await stage.answered("And then?")
        assert stage.tab.complaints == []


async def test_an_answer_is_copied_as_markdown_and_rated(
    open_stage: OpenStage, gemini: GeminiStandIn
) -> None:
    gemini.script(RICH)
    async with open_stage(**DESKTOP, **CLIPBOARD) as stage:
        await stage.open()
        answer = await stage.answered(QUESTION)
        await answer.get_by_role("button", name="Copy the answer").click()
        await expect(
            answer.get_by_role("button", name="Copy the answer").locator(".icon-done")
        ).to_be_visible()
        assert await copied(stage) == RICH.text
        for name, rating in (("Good answer", "up"), ("Bad answer", "down")):
            button = answer.get_by_role("button", name=name)
            await button.click()
            await expect(button).to_have_attribute("aria-pressed", "true")
            await expect(button).to_be_focused()
            _, messages = await conversation(stage)
            assert messages[1]["rating"] == rating
        assert stage.tab.complaints == []


async def test_a_new_conversation_is_another_one_and_leaves_the_old_one_where_it_is(
    open_stage: OpenStage,
) -> None:
    async with open_stage(**DESKTOP) as stage:
        sent = questions_of(stage)
        await stage.open()
        await stage.answered(QUESTION)
        first, _ = await conversation(stage)
        await stage.panel.get_by_role("button", name="New conversation").click()
        await expect(stage.panel.get_by_role("article")).to_have_count(0)
        await expect(stage.field).to_be_focused()
        await stage.answered(QUESTION)
        second, _ = await conversation(stage)
        assert first != second
        assert [question.get("conversation_id") for question in sent] == [None, None]
        service = stage.handbook.service.url
        assert (await stage.page.request.get(f"{service}/api/conversation/{first}")).status == 200


async def test_the_last_conversation_is_resumed_after_the_browser_was_closed(open_stage: OpenStage) -> None:
    async with open_stage(**DESKTOP) as stage:
        await stage.open()
        await stage.answered(QUESTION)
        await stage.field.fill("What I was about to ask")
        kept = await stage.context.storage_state()
    async with open_stage(**DESKTOP, storage_state=kept) as stage:
        await stage.open()
        await expect(stage.panel.locator(".question h3")).to_have_text(QUESTION)
        await expect(stage.answer).to_contain_text("documentation answers")
        await expect(stage.field).to_have_value("What I was about to ask")
        assert stage.tab.complaints == []


async def test_a_deleted_conversation_is_gone_here_and_at_the_service(open_stage: OpenStage) -> None:
    async with open_stage(**DESKTOP) as stage:
        await stage.open()
        await stage.answered(QUESTION)
        gone, _ = await conversation(stage)
        await stage.panel.get_by_role("button", name="Delete conversation").click()
        await stage.panel.get_by_role("button", name="Delete", exact=True).click()
        await expect(stage.panel.get_by_role("article")).to_have_count(0)
        await expect(stage.field).to_be_focused()
        assert stage.tab.complaints == []
        service = stage.handbook.service.url
        assert (await stage.page.request.get(f"{service}/api/conversation/{gone}")).status == 404
        await stage.page.reload()
        await expect(stage.panel.get_by_role("heading", name="What would you like to know?")).to_be_visible()


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_a_long_answer_and_long_code_scroll_where_they_are(
    open_stage: OpenStage, gemini: GeminiStandIn, device: dict[str, Any]
) -> None:
    gemini.script(Answer(f"{LONG.text}\n\n```\n{'code ' * 80}\n```\n\nThe end."))
    async with open_stage(**device) as stage:
        await stage.open()
        answer = await stage.answered(QUESTION)
        thread = stage.panel.locator(".thread")
        assert await answer.locator("pre").evaluate(OWN_OVERFLOW) > 0
        assert await thread.evaluate(OWN_OVERFLOW) == 0
        await expect(answer.get_by_text("The end.")).to_be_in_viewport()
        await thread.evaluate("thread => thread.scrollTo(0, 0)")
        await stage.panel.get_by_role("button", name="To the newest").click()
        await expect(answer.get_by_role("region", name="Sources")).to_be_in_viewport()


async def test_an_answer_written_from_right_to_left_runs_so_and_its_code_does_not(
    open_stage: OpenStage, gemini: GeminiStandIn
) -> None:
    gemini.script(RIGHT_TO_LEFT)
    async with open_stage(**PHONE) as stage:
        await stage.open()
        answer = await stage.answered("كم مدى الليدار LiDAR ليلاً؟")
        direction = "element => getComputedStyle(element).direction"
        assert await answer.locator(".prose").evaluate(direction) == "rtl"
        assert await stage.panel.locator(".question h3").evaluate(direction) == "rtl"
        assert await answer.locator("pre").evaluate(direction) == "ltr"


KEYBOARD = """
(() => {
    const viewport = Object.assign(new EventTarget(), { width: 320, height: 640, offsetTop: 0, scale: 1 });
    Object.defineProperty(window, "visualViewport", { value: viewport });
    window.openKeyboard = () => {
        Object.assign(viewport, { height: 300, offsetTop: 20 });
        viewport.dispatchEvent(new Event("resize"));
    };
})();
"""
"""A browser without a screen has no keyboard on it: this says what a phone's says when one opens."""


async def test_the_panel_fills_what_an_on_screen_keyboard_leaves_free(open_stage: OpenStage) -> None:
    async with open_stage(**PHONE) as stage:
        await stage.page.add_init_script(KEYBOARD)
        await stage.open()
        await stage.answered(QUESTION)
        await stage.page.evaluate("openKeyboard()")
        box = "element => { const { top, bottom } = element.getBoundingClientRect(); return [top, bottom]; }"
        assert await stage.panel.evaluate(box) == [20, 320]
        _, bottom = await stage.field.evaluate(box)
        assert bottom <= 320
        top, _ = await stage.panel.locator(".bar").evaluate(box)
        assert top >= 20


async def test_hostile_text_does_nothing_and_only_the_service_is_asked(
    open_stage: OpenStage, gemini: GeminiStandIn
) -> None:
    hostile = (
        "<img src='http://127.0.0.2/a' onerror='window.hacked=1'><style>*{display:none}</style>"
        "<script>window.hacked=1</script> ![x](http://127.0.0.2/b) [go](javascript:window.hacked=1) "
        "[away](https://example.org/) <iframe src='http://127.0.0.2/c'></iframe>"
    )
    gemini.script(Answer(hostile))
    async with open_stage(**DESKTOP) as stage:
        asked: list[str] = []
        stage.page.on("request", lambda request: asked.append(request.url))
        await stage.open()
        answer = await stage.answered(QUESTION)
        prose = answer.locator(".prose")
        await expect(prose.locator("img, script, style, iframe, [style], [onerror]")).to_have_count(0)
        link = prose.get_by_role("link", name="away")
        await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
        await expect(prose.locator("a[href^=javascript]")).to_have_count(0)
        assert await stage.page.evaluate("window.hacked") is None
        homes = (stage.handbook.site, stage.handbook.service.url)
        assert [url for url in asked if not url.startswith(homes)] == []
        assert stage.tab.complaints == []
