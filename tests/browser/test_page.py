"""The chat page at `/`, in a real browser, against the real service."""

import json
import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.conftest import OpenTab
from tests.support.cable import Cable
from tests.support.gemini import Answer, GeminiStandIn
from tests.support.server import RunningServer
from tests.support.skips import requires

pytestmark = requires("chromium")

QUESTION = "Which secrets does the Space need?"
SLOW = Answer("Word by word it comes [1]. " * 40, chunk_size=12, pace_s=0.05)


async def ask(page: Page, question: str) -> Locator:
    """Asks by keyboard; the element of the answer-to-come."""
    answers = await page.locator(".answer").count()
    await page.get_by_label("Your question").fill(question)
    await page.keyboard.press("Enter")
    return page.locator(".answer").nth(answers)


async def answered(page: Page, question: str) -> Locator:
    """Asks and waits until the answer is whole; its element."""
    answer = await ask(page, question)
    await expect(answer.get_by_label("Copy the answer")).to_be_visible()
    return answer


async def stored(page: Page) -> list[dict[str, Any]]:
    """The page's conversation as the service keeps it."""
    conversation_id = await page.evaluate("localStorage.getItem('ragspace-chat::conversation')")
    response = await page.request.get(f"{page.url}api/conversation/{conversation_id}")
    messages: list[dict[str, Any]] = (await response.json())["messages"]
    return messages


async def test_the_first_question_is_answered_from_the_sample_documents(
    quoting_server: RunningServer, open_tab: OpenTab
) -> None:
    async with open_tab(quoting_server.url) as tab:
        page = tab.page
        await page.get_by_role("button", name=QUESTION).click()
        answer = page.locator(".answer")
        await expect(answer.get_by_label("Copy the answer")).to_be_visible()
        await expect(answer.locator(".prose")).to_contain_text("GEMINI_API_KEY")
        source = (await stored(page))[1]["sources"][0]
        card = answer.locator(".card").first
        await card.locator("summary").click()
        *_, heading = source["heading"].split(" > ")
        await expect(card.locator(".title")).to_have_text(heading)
        await expect(card.locator(".body")).to_contain_text(source["file"])
        await expect(card.locator("blockquote")).to_contain_text(re.findall(r"\w+", source["snippet"])[0])
        await expect(card.locator(".facts a")).to_have_count(0)
        assert "secret" in (source["heading"] + source["snippet"]).lower()


async def test_a_session_leaves_nothing_in_the_console_and_no_request_fails(
    quoting_server: RunningServer, open_tab: OpenTab
) -> None:
    async with open_tab(quoting_server.url, permissions=["clipboard-write"]) as tab:
        page = tab.page
        first = await answered(page, QUESTION)
        await first.locator(".citation").first.click()
        await first.get_by_label("Copy the answer").click()
        await first.get_by_label("Good answer").click()
        # The reload would cut the request in the moment between its last event and its end.
        async with page.expect_event("requestfinished", lambda request: request.url.endswith("/api/chat")):
            await answered(page, "And where do I set them?")
        await page.reload()
        await expect(page.locator(".actions")).to_have_count(2)
        await page.get_by_role("button", name="New conversation").click()
        await expect(page.get_by_role("button", name=QUESTION)).to_be_visible()
        await page.reload()
        await expect(page.locator("#state")).to_have_text("Ready")
        assert tab.complaints == []


async def test_a_rating_that_is_slow_to_be_kept_takes_nobody_away_from_the_next_question(
    quoting_server: RunningServer, open_tab: OpenTab
) -> None:
    async with open_tab(quoting_server.url) as tab:
        page = tab.page

        async def slow(route: Route) -> None:
            await page.wait_for_timeout(500)
            await route.continue_()

        await page.route("**/api/feedback", slow)
        first = await answered(page, QUESTION)
        async with page.expect_response("**/api/feedback"):
            await first.get_by_label("Good answer").click()
            await page.get_by_label("Your question").focus()
        await expect(first.get_by_label("Good answer")).to_have_attribute("aria-pressed", "true")
        await page.wait_for_timeout(200)
        await expect(page.get_by_label("Your question")).to_be_focused()


async def test_the_page_says_what_it_runs_on_and_how_to_add_a_language_model(
    quoting_server: RunningServer, open_tab: OpenTab
) -> None:
    async with open_tab(quoting_server.url) as tab:
        notices = tab.page.locator("#notices")
        await expect(notices).to_contain_text("Running without a language model")
        await notices.get_by_text("How to add one").click()
        await expect(notices.get_by_text("GEMINI_API_KEY")).to_be_visible()
        await expect(tab.page.locator("#runs-on")).to_contain_text("passages in the built-in index · SQLite")


async def test_with_a_language_model_the_page_names_it_and_shows_no_notice(
    writing_server: RunningServer, open_tab: OpenTab
) -> None:
    async with open_tab(writing_server.url) as tab:
        await expect(tab.page.locator("#runs-on")).to_contain_text("gemini-3.5-flash")
        await expect(tab.page.locator("#notices")).to_be_empty()


async def test_what_the_documents_do_not_answer_is_said_with_the_nearest_headings(
    quoting_server: RunningServer, open_tab: OpenTab
) -> None:
    async with open_tab(quoting_server.url) as tab:
        answer = await answered(tab.page, "How long must a sourdough pizza rest in the fridge?")
        await expect(answer).to_contain_text("could not find anything about this")
        await expect(answer.locator(".card")).to_have_count(0)
        await expect(answer.locator(".nearest li")).to_have_count(3)


async def test_the_text_grows_while_its_sources_are_in_sight(
    writing_server: RunningServer, gemini: GeminiStandIn, open_tab: OpenTab
) -> None:
    gemini.script(SLOW, delay_s=2)
    async with open_tab(writing_server.url) as tab:
        answer = await ask(tab.page, QUESTION)
        await expect(answer.locator(".progress")).to_have_text("Reading 5 passages …")
        await expect(answer.locator(".card")).to_have_count(5)
        await expect(answer.locator(".prose")).to_contain_text("Word by word")
        await expect(answer).to_have_attribute("aria-busy", "true")
        await expect(tab.page.get_by_role("log")).to_be_empty()
        await expect(answer).to_have_attribute("aria-busy", "false")
        await expect(tab.page.get_by_role("log")).to_contain_text("Word by word")


async def test_a_citation_opens_its_source_and_what_is_not_cited_is_folded(
    writing_server: RunningServer, gemini: GeminiStandIn, open_tab: OpenTab
) -> None:
    gemini.script(Answer("Set them first [2]. Then upload [1][4]."))
    async with open_tab(writing_server.url) as tab:
        answer = await answered(tab.page, QUESTION)
        await expect(answer.locator(".citation")).to_have_text(["2", "1", "4"])
        cards = answer.locator(".card:visible")
        await expect(cards.locator(".number")).to_have_text(["1", "2", "4"])
        await expect(answer.get_by_text("2 more passages read, not cited")).to_be_visible()
        await answer.locator(".citation").first.click()
        opened = cards.nth(1)
        await expect(opened.locator("summary")).to_be_focused()
        link = opened.get_by_role("link", name="Open the page")
        await expect(link).to_have_attribute("href", (await stored(tab.page))[1]["sources"][1]["url"])
        await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")


async def test_stop_ends_the_answer_and_keeps_what_is_written(
    writing_server: RunningServer, gemini: GeminiStandIn, open_tab: OpenTab
) -> None:
    gemini.script(SLOW)
    async with open_tab(writing_server.url) as tab:
        answer = await ask(tab.page, QUESTION)
        await expect(answer.locator(".prose")).to_contain_text("Word by word")
        await tab.page.get_by_role("button", name="Stop the answer").click()
        await expect(answer).to_contain_text("Stopped.")
        await expect(tab.page.get_by_role("button", name="Send")).to_be_visible()
        message = (await stored(tab.page))[1]
        assert message["status"] == "stopped"
        assert 0 < len(message["content"]) < len(SLOW.text)
        assert tab.complaints == []


async def test_a_reload_restores_the_conversation_and_the_next_question_continues_it(
    writing_server: RunningServer, gemini: GeminiStandIn, open_tab: OpenTab
) -> None:
    gemini.script(Answer("The first answer [1]."), times=1)
    gemini.script(Answer("The second answer."), times=1)
    async with open_tab(writing_server.url) as tab:
        page = tab.page
        await (await answered(page, QUESTION)).get_by_label("Bad answer").click()
        await answered(page, "And where?")
        await page.reload()
        await expect(page.locator(".question h3")).to_have_text([QUESTION, "And where?"])
        await expect(page.locator(".prose")).to_have_text(["The first answer1.", "The second answer."])
        await expect(page.get_by_label("Bad answer").first).to_have_attribute("aria-pressed", "true")
        await expect(page.locator(".answer").first.locator(".card:visible")).to_have_count(1)
        await answered(page, "And then?")
        assert [message["content"] for message in await stored(page)][::2] == [
            QUESTION,
            "And where?",
            "And then?",
        ]
        assert tab.complaints == []


async def test_an_answer_that_is_being_written_goes_on_after_a_reload(
    writing_server: RunningServer, gemini: GeminiStandIn, open_tab: OpenTab
) -> None:
    gemini.script(SLOW)
    async with open_tab(writing_server.url) as tab:
        answer = await ask(tab.page, QUESTION)
        await expect(answer.locator(".prose")).to_contain_text("Word by word")
        await tab.page.reload()
        answer = tab.page.locator(".answer")
        await expect(answer).to_have_attribute("aria-busy", "true")
        await expect(answer).to_have_attribute("aria-busy", "false")
        await expect(answer.locator(".citation")).to_have_count(40)


async def test_a_dropped_connection_is_taken_up_again_without_a_gap(
    cable: Cable, gemini: GeminiStandIn, open_tab: OpenTab
) -> None:
    gemini.script(SLOW)
    async with open_tab(cable.url) as tab:
        answer = await ask(tab.page, QUESTION)
        await expect(answer.locator(".prose")).to_contain_text("Word by word")
        async with tab.page.expect_event("response", lambda got: got.url.endswith("/stream")):
            cable.cut()
        cable.cut()
        await expect(answer).to_have_attribute("aria-busy", "false")
        await expect(answer.locator(".citation")).to_have_count(40)
        await expect(answer.locator(".failure")).to_have_count(0)


async def test_a_failure_is_told_and_the_question_can_be_asked_again_when_it_is_time(
    quoting_server: RunningServer, open_tab: OpenTab
) -> None:
    async def refuse(route: Route) -> None:
        error = {"code": "rate_limited", "message": "Please wait a moment.", "retry_after": 2}
        await route.fulfill(status=429, json={"error": error, "detail": error["message"]})

    async with open_tab(quoting_server.url) as tab:
        await tab.page.route("**/api/chat", refuse)
        answer = await ask(tab.page, QUESTION)
        await expect(answer.locator(".failure")).to_contain_text("Please wait a moment.")
        await expect(answer.get_by_role("button", name="Try again in")).to_be_disabled()
        await tab.page.unroute("**/api/chat")
        await answer.get_by_role("button", name="Try again", exact=True).click()
        await expect(answer.get_by_label("Copy the answer")).to_be_visible()
        await expect(answer.locator(".failure")).to_have_count(0)
        await expect(tab.page.locator(".question")).to_have_count(1)


async def test_a_question_to_a_service_that_is_waking_up_is_asked_again_by_itself(
    quoting_server: RunningServer, open_tab: OpenTab
) -> None:
    async def not_yet(route: Route) -> None:
        error = {"code": "starting", "message": "The assistant is waking up.", "retry_after": 2}
        await route.fulfill(status=503, json={"error": error, "detail": error["message"]})

    async with open_tab(quoting_server.url) as tab:
        await tab.page.route("**/api/chat", not_yet, times=1)
        answer = await answered(tab.page, QUESTION)
        await expect(answer.locator(".failure")).to_have_count(0)


async def test_an_answer_that_is_cut_off_keeps_its_text_and_the_outage_is_told_while_it_lasts(
    writing_server: RunningServer, gemini: GeminiStandIn, open_tab: OpenTab
) -> None:
    gemini.script(Answer("This much was written before the end came.", cut_after=1), times=1)
    async with open_tab(writing_server.url) as tab:
        answer = await ask(tab.page, QUESTION)
        await expect(answer.locator(".failure")).to_contain_text("language model does not answer")
        await expect(answer.locator(".prose")).to_contain_text("This much was written")
        await expect(tab.page.locator("#notices")).to_contain_text("The language model")
        await answered(tab.page, QUESTION)
        await expect(tab.page.locator("#notices")).to_be_empty()


async def test_an_outage_is_named_in_words_with_what_can_be_done(
    quoting_server: RunningServer, open_tab: OpenTab
) -> None:
    report = quoting_server.health()
    report["status"] = "degraded"
    report["services"]["qdrant"] |= {
        "status": "unavailable",
        "reason": "embedding_model_mismatch",
        "action": "Run ragspace ingest --rebuild.",
    }

    async def degraded(route: Route) -> None:
        await route.fulfill(status=503, body=json.dumps(report), content_type="application/json")

    async with open_tab("about:blank") as tab:
        await tab.page.route("**/api/health", degraded)
        await tab.page.goto(quoting_server.url)
        await expect(tab.page.locator("#state")).to_have_text("Limited")
        outage = tab.page.locator(".outage")
        await expect(outage).to_contain_text("The search index was built with another embedding model.")
        await outage.locator("summary").click()
        await expect(outage.get_by_text("Run ragspace ingest --rebuild.")).to_be_visible()


async def test_hostile_text_of_reader_and_model_does_nothing(
    writing_server: RunningServer, gemini: GeminiStandIn, open_tab: OpenTab
) -> None:
    hostile = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
    gemini.script(
        Answer(f"{hostile}\n\n[tempting](javascript:window.hacked=1) ![x](https://t.example/p.png)")
    )
    async with open_tab(writing_server.url) as tab:
        answer = await answered(tab.page, QUESTION)
        await expect(answer.locator(".prose p").first).to_have_text(hostile)
        await ask(tab.page, hostile)
        await expect(tab.page.locator(".question h3").last).to_have_text(hostile)
        await expect(answer.locator(".prose").locator("img, script, a[href^='javascript']")).to_have_count(0)
        assert await tab.page.evaluate("window.hacked") is None
        assert tab.complaints == []


async def test_shift_enter_breaks_the_line_and_too_long_a_question_is_not_sent(
    quoting_server: RunningServer, open_tab: OpenTab
) -> None:
    async with open_tab(quoting_server.url) as tab:
        page = tab.page
        field = page.get_by_label("Your question")
        await expect(field).to_be_focused()
        await page.keyboard.type("One")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type("Two")
        await expect(field).to_have_value("One\nTwo")
        await field.fill("é" * 2001)
        await expect(page.locator(".limit")).to_have_text("-1")
        await page.keyboard.press("Enter")
        await expect(page.locator(".question")).to_have_count(0)
        await field.fill("é" * 2000)
        await expect(page.locator(".limit")).to_have_text("0")
        await expect(page.get_by_role("button", name="Send")).to_be_enabled()


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
async def test_a_narrow_phone_has_nothing_to_scroll_sideways(
    writing_server: RunningServer, gemini: GeminiStandIn, open_tab: OpenTab, color_scheme: str
) -> None:
    wide = f"| a | b | c |\n|-|-|-|\n| {'wide ' * 20} | `{'x' * 60}` | c |"
    gemini.script(Answer(f"{'long' * 40} [1]\n\n{wide}\n\n```\n{'code ' * 40}\n```"))
    phone: dict[str, Any] = {"viewport": {"width": 320, "height": 568}, "has_touch": True, "is_mobile": True}
    async with open_tab(writing_server.url, color_scheme=color_scheme, **phone) as tab:
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await tab.page.evaluate(overflow) == 0
        answer = await answered(tab.page, f"{QUESTION} {'w' * 60}")
        await answer.locator(".citation").first.click()
        assert await tab.page.evaluate(overflow) == 0
        await expect(tab.page.get_by_label("Your question")).to_be_in_viewport()
        await expect(tab.page.get_by_role("button", name="New conversation")).to_be_in_viewport()
