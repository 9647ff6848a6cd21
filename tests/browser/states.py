"""Every state that a reader may find the chat in, and the way there."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import Route, expect

from tests.browser.stage import Stage
from tests.support.gemini import Answer

QUESTION = "How far does the LiDAR see by night?"
# Readers who ask the same at the same time share one answer: what is slow has a question of its own.
SEARCHED, STREAMED, STOPPED = (f"{what} does the LiDAR measure?" for what in ("What", "How", "Where"))
RICH = Answer(
    "## Range\n\nBy night the LiDAR sees up to **two hundred metres** [1], and in fog only *fifteen* [1]. "
    "It is calibrated against the charging station [2]:\n\n"
    "1. Park the rover there.\n2. Run the command below.\n3. Leave the mast alone for two minutes.\n\n"
    "```sh\n# takes two minutes\nrover calibrate lidar --station home --wait 120 --report full > lidar.txt\n"
    "```\n\n"
    "| When | Range |\n|---|--:|\n| day | 80 m |\n| night | 200 m |\n| fog | 15 m |\n\n"
    "The distance is $d = c * t * 0.5$, where `t` is the pulse's time.\n\n> Do not touch the mast.",
    chunk_size=60,
)
SHORT = Answer(
    "By night the LiDAR sees obstacles up to **two hundred metres** away [1]. By day it is eighty, since "
    "sunlight blinds its receiver, and in fog fifteen [1].\n\n"
    "Calibrate it at the charging station first [2]:\n\n```sh\nrover calibrate lidar\n```"
)
SLOW = Answer("Word by word it comes [1], and it does not end soon. " * 60, chunk_size=12, pace_s=0.05)
LONG = Answer("\n\n".join(f"{n}. paragraph, which goes on for a while [1]. " * 4 for n in range(1, 20)))
RIGHT_TO_LEFT = Answer(
    "مدى الليدار ليلاً **مئتا متر** [1].\n\n- نهاراً: ثمانون متراً\n- في الضباب: خمسة عشر متراً\n\n"
    "```sh\nrover calibrate lidar\n```"
)
REFUSED = re.compile(r"console: Failed to load resource: .*|\d{3}: .*/api/.*")
"""What a browser itself says about an answer that is an error."""
UNREACHED = re.compile(rf"{REFUSED.pattern}|failed: .*/(?:api/.*|widget.js)|console: Access to fetch .*")


@dataclass(frozen=True, slots=True)
class State:
    """`reach` leads there; what `unavoidable` fits in full is the browser's own complaint of the fault."""

    name: str
    reach: Callable[[Stage], Awaitable[None]]
    unavoidable: re.Pattern[str] = re.compile(r"(?!)")


async def closed(stage: Stage) -> None:
    await stage.visit()
    await expect(stage.launcher).to_be_visible()


async def text_selected(stage: Stage) -> None:
    await stage.visit()
    await stage.select("The LiDAR sits on the mast")
    await expect(stage.page.get_by_role("button", name="Ask about this")).to_be_visible()


async def welcome(stage: Stage) -> None:
    await stage.open(suggestions="How far does the LiDAR see?|When does the rover return by itself?")
    await expect(stage.panel.get_by_role("button", name="When does the rover return")).to_be_visible()


async def selection_badge(stage: Stage) -> None:
    await text_selected(stage)
    await stage.page.get_by_role("button", name="Ask about this").click()
    await expect(stage.panel.locator(".badge")).to_contain_text("Selection")


async def about_selection(stage: Stage) -> None:
    await selection_badge(stage)
    answer = await stage.answered("How high is that?")
    await expect(answer).to_contain_text("documentation answers")
    await stage.panel.get_by_text("About the selection").click()
    await expect(stage.panel.locator(".asked-about blockquote")).to_be_visible()


async def typing(stage: Stage) -> None:
    await stage.open()
    await stage.field.fill("One line\nAnother\nAnd a third")


async def too_long(stage: Stage) -> None:
    await stage.open()
    await stage.field.fill("long " * 401)
    await expect(stage.panel.locator(".limit")).to_have_text("-4")


async def searching(stage: Stage) -> None:
    stage.gemini.script(delay_s=8)
    await stage.open()
    answer = await stage.ask(SEARCHED)
    await expect(answer.locator(".progress")).to_contain_text("Reading")
    await expect(answer.locator(".card").first).to_be_visible()


async def streaming(stage: Stage, question: str = STREAMED) -> None:
    stage.gemini.script(SLOW)
    await stage.open()
    answer = await stage.ask(question)
    await expect(answer.locator(".prose")).to_contain_text("does not end soon")


async def answered(stage: Stage) -> None:
    stage.gemini.script(RICH)
    await stage.open()
    await stage.answered(QUESTION)


async def source_open(stage: Stage) -> None:
    await answered(stage)
    await stage.answer.locator(".citation").first.click()
    await expect(stage.answer.locator(".card[open]")).to_have_count(1)


async def rated(stage: Stage) -> None:
    stage.gemini.script(SHORT)
    await stage.open()
    answer = await stage.answered(QUESTION)
    good = answer.get_by_role("button", name="Good answer")
    await good.click()
    await expect(good).to_have_attribute("aria-pressed", "true")


async def larger(stage: Stage) -> None:
    await answered(stage)
    await stage.panel.locator(".expander").evaluate("button => button.click()")
    await expect(stage.panel).to_have_class(re.compile("expanded"))


async def scrolled_back(stage: Stage) -> None:
    stage.gemini.script(LONG)
    await stage.open()
    await stage.answered(QUESTION)
    await stage.panel.locator(".thread").evaluate("thread => thread.scrollTo(0, 0)")
    await expect(stage.panel.get_by_role("button", name="To the newest")).to_be_visible()


async def right_to_left(stage: Stage) -> None:
    stage.gemini.script(RIGHT_TO_LEFT)
    await stage.open()
    await stage.answered("كم مدى الليدار LiDAR ليلاً؟")


async def stopped(stage: Stage) -> None:
    await streaming(stage, STOPPED)
    await stage.panel.get_by_role("button", name="Stop the answer").click()
    await expect(stage.answer.get_by_text("Stopped.")).to_be_visible()


async def nothing_found(stage: Stage) -> None:
    await stage.open()
    answer = await stage.answered("Wie lange ruht ein Sauerteig im Kühlschrank?")
    await expect(answer.locator(".nearest li")).not_to_have_count(0)


async def cut_off(stage: Stage) -> None:
    stage.gemini.script(Answer("This much was written before the end.", cut_after=1))
    await stage.open()
    answer = await stage.answered(QUESTION)
    await expect(answer.locator(".failure")).to_be_visible()
    await expect(stage.panel.locator(".notice")).to_contain_text("The language model")


async def out_of_quota(stage: Stage) -> None:
    await stage.open()
    await stage.refuse("quota_exceeded", 429, retry_after=38)
    answer = await stage.answered(QUESTION)
    await expect(answer.get_by_role("button", name="Try again in")).to_be_disabled()


async def not_allowed(stage: Stage) -> None:
    await stage.open()
    await stage.refuse("origin_not_allowed", 403)
    answer = await stage.answered(QUESTION)
    await expect(answer.locator(".failure")).to_contain_text("This site may not use")


async def waking(stage: Stage) -> None:
    await stage.page.route(f"{stage.handbook.service.url}/**", asleep)
    await stage.open()
    answer = await stage.ask(QUESTION)
    await expect(answer.locator(".elapsed")).to_have_text(re.compile(r"\d+ s"))


async def asleep(route: Route) -> None:
    """As the platform answers in place of a Space: with no header that lets the page read it."""
    await route.fulfill(status=503, content_type="text/html", body="<h1>Sleeping</h1>")


async def offline(stage: Stage) -> None:
    await stage.open()
    await expect(stage.panel).to_be_visible()
    await stage.context.set_offline(True)
    await expect(stage.panel.locator(".notice")).to_contain_text("You are offline")
    await stage.ask(QUESTION)
    await expect(stage.answer.locator(".failure")).to_contain_text("sent when you are back")


async def confirming_deletion(stage: Stage) -> None:
    await stage.open()
    await stage.answered(QUESTION)
    await stage.panel.get_by_role("button", name="Delete conversation").click()
    await expect(stage.panel.get_by_role("alertdialog")).to_be_visible()


async def in_german(stage: Stage) -> None:
    await stage.open(lang="de")
    await stage.answered(QUESTION)


async def within_the_page(stage: Stage) -> None:
    stage.gemini.script(RICH)
    await stage.visit(mode="inline")
    await stage.answered(QUESTION)


async def own_page(stage: Stage) -> None:
    await stage.page.goto(stage.handbook.page)
    await expect(stage.page.locator("#runs-on")).to_contain_text("gemini")


async def own_page_answered(stage: Stage) -> None:
    stage.gemini.script(RICH)
    await own_page(stage)
    await stage.answered(QUESTION)


STATES = [
    State("closed", closed),
    State("text selected", text_selected),
    State("welcome", welcome),
    State("selection badge", selection_badge),
    State("about a selection", about_selection),
    State("typing", typing),
    State("too long", too_long),
    State("searching", searching),
    State("streaming", streaming),
    State("answered", answered),
    State("source open", source_open),
    State("rated", rated),
    State("larger", larger),
    State("scrolled back", scrolled_back),
    State("right to left", right_to_left),
    State("stopped", stopped),
    State("nothing found", nothing_found),
    State("cut off", cut_off, REFUSED),
    State("out of quota", out_of_quota, REFUSED),
    State("not allowed", not_allowed, REFUSED),
    State("waking", waking, UNREACHED),
    State("offline", offline, UNREACHED),
    State("confirming deletion", confirming_deletion),
    State("in German", in_german),
    State("within the page", within_the_page),
    State("own page", own_page),
    State("own page answered", own_page_answered),
]
