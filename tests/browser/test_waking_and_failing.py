"""What the chat does while its service, of another origin, sleeps, fails or cannot be reached."""

import re
from typing import Any, Literal

import pytest
from playwright.async_api import Request, expect

from ragspace import errors
from tests.browser.conftest import OpenStage
from tests.browser.stage import DESKTOP, Handbook, Stage
from tests.browser.states import QUESTION, REFUSED, UNREACHED, asleep
from tests.browser.tab import PATIENCE_MS
from tests.support.cable import Cable
from tests.support.edge import Edge, Faults
from tests.support.gemini import Answer, GeminiStandIn, replies
from tests.support.servers import free_port
from tests.support.skips import requires

pytestmark = requires("chromium", "frontend", "node")

Help = Literal["Try again", "Edit the question", "New conversation"]
PROTOCOL = "The answer could not be understood. Please try again."
NOBODY_HERE = "There is no assistant at this address."
TOLD: dict[str, tuple[int, str, Help | None]] = {
    "invalid_json": (400, PROTOCOL, "Try again"),
    "invalid_event_id": (
        400,
        "The answer could not be taken up again. Please ask once more.",
        "Try again",
    ),
    "bad_request": (400, PROTOCOL, "Try again"),
    "unauthorized": (401, "This assistant needs a key, which this page does not have.", None),
    "origin_not_allowed": (
        403,
        "This site may not use the assistant yet. Its owner can allow it in the assistant’s settings.",
        None,
    ),
    "conversation_not_found": (
        404,
        "This conversation no longer exists. Please start a new one.",
        "New conversation",
    ),
    "message_not_found": (404, "This answer no longer exists. Please ask once more.", "Try again"),
    "not_found": (404, NOBODY_HERE, None),
    "method_not_allowed": (405, NOBODY_HERE, None),
    "request_timeout": (408, "The question did not arrive in time.", "Try again"),
    "body_too_large": (
        413,
        "This is too long. Please shorten the question or the selection.",
        "Edit the question",
    ),
    "unsupported_media_type": (415, PROTOCOL, "Try again"),
    "validation_error": (
        422,
        "This question cannot be asked as it is. Please shorten or change it.",
        "Edit the question",
    ),
    "rate_limited": (429, "Those were many questions at once. Please wait a moment.", "Try again"),
    "quota_exceeded": (429, "The assistant has answered all it may for now.", "Try again"),
    "head_too_large": (431, PROTOCOL, "Try again"),
    "internal_error": (500, "Something went wrong on our side.", "Try again"),
    "retrieval_unavailable": (503, "The documents cannot be searched right now.", "Try again"),
    "generation_unavailable": (503, "The language model does not answer right now.", "Try again"),
    "storage_unavailable": (
        503,
        "Conversations cannot be kept right now, so no question can be taken.",
        "Try again",
    ),
    "shutting_down": (503, "The assistant is being restarted.", "Try again"),
    "overloaded": (503, "Too many questions are being asked right now.", "Try again"),
    "generation_timeout": (504, "The language model took too long to answer.", "Try again"),
}
"""What a reader is told of each code: its status, the sentence, and the button that helps."""
WAITED_FOR = {"starting"}
"""Told as waking up, not as a failure."""
NEVER_SENT = {"configuration"}
OF_NO_CLASS = {"validation_error"}


def test_every_code_of_the_service_has_its_sentence_here() -> None:
    codes = {
        found.code
        for found in vars(errors).values()
        if isinstance(found, type) and issubclass(found, errors.RagspaceError)
    }
    assert (codes - NEVER_SENT) | OF_NO_CLASS == TOLD.keys() | WAITED_FOR


@pytest.mark.parametrize("code", TOLD)
async def test_each_code_is_told_in_its_sentence_with_the_button_that_helps(
    open_stage: OpenStage, code: str
) -> None:
    status, sentence, button = TOLD[code]
    async with open_stage(**DESKTOP) as stage:
        await stage.open()
        await stage.refuse(code, status)
        answer = await stage.answered(QUESTION)
        failure = answer.locator(".failure")
        await expect(failure.locator("p")).to_have_text(sentence)
        await expect(failure.get_by_role("button")).to_have_text([button] if button else [])
        if button:
            await failure.get_by_role("button").click()
        if button == "Try again":
            await expect(failure.locator("p")).to_have_text(sentence)
            await stage.accept()
            await failure.get_by_role("button").click()
            await expect(answer).to_contain_text("documentation answers")
            await expect(stage.panel.get_by_role("article")).to_have_count(1)
        elif button == "Edit the question":
            await expect(stage.field).to_have_value(QUESTION)
            await expect(stage.field).to_be_focused()
        elif button == "New conversation":
            await expect(stage.panel.get_by_role("article")).to_have_count(0)
        assert unexpected(stage, REFUSED) == []


def unexpected(stage: Stage, unavoidable: re.Pattern[str]) -> list[str]:
    """Complaints that are not the browser's own about the fault."""
    return [said for said in stage.tab.complaints if not unavoidable.fullmatch(said)]


async def test_when_to_try_again_is_counted_down(open_stage: OpenStage) -> None:
    async with open_stage(**DESKTOP) as stage:
        await stage.page.clock.install()
        await stage.open()
        await stage.refuse("quota_exceeded", 429, retry_after=38)
        answer = await stage.answered(QUESTION)
        button = answer.locator(".failure button")
        await expect(button).to_have_text(re.compile(r"Try again in 3[678] s"))
        await expect(button).to_be_disabled()
        await stage.page.clock.fast_forward(20_000)
        await expect(button).to_have_text(re.compile(r"Try again in 1\d s"))
        await stage.accept()
        await stage.page.clock.fast_forward(20_000)
        await expect(button).to_have_text("Try again")
        await button.click()
        await expect(answer).to_contain_text("documentation answers")


async def test_a_quota_that_is_spent_is_told_with_the_time_that_the_service_tells(
    open_stage: OpenStage, gemini: GeminiStandIn
) -> None:
    gemini.script(replies.quota_exceeded(per="Minute", retry_after_s=2))
    async with open_stage(**DESKTOP) as stage:
        await stage.open()
        answer = await stage.answered(QUESTION)
        await expect(answer.locator(".failure")).to_contain_text(TOLD["quota_exceeded"][1])
        gemini.reset()
        await answer.get_by_role("button", name="Try again", exact=True).click()
        await expect(answer).to_contain_text("documentation answers")
        assert unexpected(stage, REFUSED) == []


async def test_a_sleeping_space_is_asked_for_its_health_and_then_the_question_once(
    open_stage: OpenStage, handbook: Handbook
) -> None:
    async with (
        Edge(handbook.service.url, Faults(asleep_for=12)) as edge,
        open_stage(**DESKTOP) as stage,
    ):
        await stage.open(api=edge.url)
        answer = await stage.ask(QUESTION)
        await expect(answer.locator(".waking")).to_contain_text("Waking up")
        await expect(answer.locator(".elapsed")).to_have_text(re.compile("[1-9] s"))
        await stage.field.fill("Typed meanwhile")
        await expect(answer).to_contain_text("documentation answers", timeout=PATIENCE_MS)
        await expect(stage.field).to_have_value("Typed meanwhile")
        asked = [(method, path) for method, path, _ in edge.asked if path != "/api/health"]
        assert asked.count(("POST", "/api/chat")) == 1
        assert asked.count(("OPTIONS", "/api/chat")) <= 2
        assert [path for _, path, _ in edge.asked].count("/api/health") >= 3
        assert unexpected(stage, UNREACHED) == []


async def test_a_space_that_says_it_is_starting_is_waited_for(open_stage: OpenStage) -> None:
    async with open_stage(**DESKTOP) as stage:
        await stage.open()
        await stage.refuse("starting", 503, retry_after=2)
        answer = await stage.ask(QUESTION)
        await expect(answer.locator(".waking")).to_contain_text("Waking up")
        await stage.accept()
        await expect(answer).to_contain_text("documentation answers")
        await expect(answer.locator(".failure")).to_have_count(0)


async def test_a_question_that_waits_can_be_taken_back(open_stage: OpenStage, handbook: Handbook) -> None:
    async with open_stage(**DESKTOP) as stage:
        await stage.page.route(f"{handbook.service.url}/**", asleep)
        await stage.open()
        answer = await stage.ask(QUESTION)
        await expect(answer.locator(".waking")).to_be_visible()
        await stage.panel.get_by_role("button", name="Stop the answer").click()
        await expect(answer.locator(".waking")).to_have_count(0)
        await expect(stage.panel.get_by_role("button", name="Send")).to_be_visible()


async def test_a_dropped_connection_is_taken_up_after_the_last_event(
    open_stage: OpenStage, handbook: Handbook, gemini: GeminiStandIn
) -> None:
    words = [f"word{n}" for n in range(150)]
    gemini.script(Answer(" ".join(words), chunk_size=8, pace_s=0.03))
    async with (
        Cable(free_port(), handbook.service.port) as cable,
        open_stage(**DESKTOP) as stage,
    ):
        taken_up: list[dict[str, str]] = []

        def look(request: Request) -> None:
            if request.url.endswith("/stream") and request.method == "GET":
                taken_up.append(request.headers)

        stage.page.on("request", look)
        await stage.open(api=cable.url)
        answer = await stage.ask("Where is the LiDAR?")
        for seen in ("word10 ", "word60 "):
            await expect(answer.locator(".prose")).to_contain_text(seen)
            cable.cut()
        await expect(answer.locator(".prose")).to_have_text(" ".join(words))
        await expect(answer.locator(".failure")).to_have_count(0)
        ids = [headers["last-event-id"] for headers in taken_up]
        assert len(ids) >= 2
        numbers = [int(event_id.rsplit(":", 1)[1]) for event_id in ids]
        assert numbers == sorted(numbers)
        assert numbers[0] > 1


async def test_being_offline_is_told_and_the_question_is_sent_once_it_is_over(open_stage: OpenStage) -> None:
    async with open_stage(**DESKTOP) as stage:
        await stage.open()
        await stage.context.set_offline(True)
        await expect(stage.panel.locator(".notice")).to_have_text("You are offline. What you write is kept.")
        await stage.ask(QUESTION)
        await expect(stage.answer.locator(".failure")).to_contain_text("sent when you are back")
        await stage.context.set_offline(False)
        await expect(stage.answer).to_contain_text("documentation answers")
        await expect(stage.panel.locator(".notice")).to_have_count(0)
        await expect(stage.panel.get_by_role("article")).to_have_count(1)


async def test_what_was_typed_survives_a_reload_and_a_question_that_never_arrived(
    open_stage: OpenStage, handbook: Handbook
) -> None:
    async with open_stage(**DESKTOP) as stage:
        await stage.open()
        await stage.field.fill("Half a ques")
        await stage.page.reload()
        await expect(stage.field).to_have_value("Half a ques")
        await stage.page.route(f"{handbook.service.url}/**", asleep)
        await stage.ask(QUESTION)
        await expect(stage.answer.locator(".waking")).to_be_visible()
        await stage.field.fill("And the next one")
        await stage.page.reload()
        await expect(stage.field).to_have_value(f"{QUESTION}\n\nAnd the next one")


async def test_an_outage_is_told_with_what_still_works(open_stage: OpenStage, handbook: Handbook) -> None:
    report: dict[str, Any] = handbook.service.health()
    report["status"] = "degraded"
    report["services"]["qdrant"] |= {"status": "unavailable", "reason": "unreachable"}
    async with open_stage(**DESKTOP) as stage:
        await stage.page.route(
            "**/api/health",
            lambda route: route.fulfill(
                status=503, json=report, headers={"Access-Control-Allow-Origin": handbook.site}
            ),
        )
        await stage.open()
        await expect(stage.panel.locator(".notice p")).to_have_text(
            [
                "The documents cannot be searched right now.",
                "Questions about text that you select still work.",
            ]
        )
