"""Old clients of this service, and this client of old services: both know only the frozen part of the API."""

from typing import Any

from playwright.async_api import expect

from tests.browser.conftest import OpenStage
from tests.browser.stage import DESKTOP, Handbook, Stage
from tests.browser.states import QUESTION
from tests.support.frozen_backend import FrozenBackend
from tests.support.gemini import Answer, GeminiStandIn, replies
from tests.support.skips import requires

pytestmark = requires("chromium", "frontend", "node")


async def asked(stage: Stage, **question: str) -> dict[str, Any]:
    """What the old client makes of the answer."""
    made: dict[str, Any] = await stage.page.evaluate("question => frozen.ask(question)", question)
    return made


async def got(stage: Stage, path: str) -> dict[str, Any]:
    made: dict[str, Any] = await stage.page.evaluate("path => frozen.json(path)", path)
    return made


async def test_a_client_that_knows_only_the_frozen_part_works_against_this_service(
    open_stage: OpenStage, gemini: GeminiStandIn
) -> None:
    gemini.script(Answer("Two hundred metres [1].", pace_s=0.02, chunk_size=4))
    async with open_stage(**DESKTOP) as stage:
        await stage.page.goto(f"{stage.handbook.site}/frozen")
        first = await asked(stage, message=QUESTION)
        assert first["order"] == ["metadata", "token", "done"]
        assert first["text"] == "Two hundred metres [1]."
        assert {"href": "/docs/sensors", "text": "Sensors > LiDAR > Range"} in first["links"]
        about = await asked(
            stage,
            message="How many?",
            mode="selection",
            context="Two cameras look to the sides.",
            conversation_id=first["conversation"],
        )
        assert about["conversation"] == first["conversation"]
        assert about["links"] == []
        told = await got(stage, f"/api/conversation/{first['conversation']}")
        said = [(message["role"], message["content"]) for message in told["body"]["messages"]]
        assert said[:2] == [("user", QUESTION), ("assistant", first["text"])]
        assert len(said) == 4
        health = await got(stage, "/api/health")
        assert health["body"]["status"] == "healthy"
        assert health["body"]["services"]["qdrant"]["status"] == "connected"
        assert stage.tab.complaints == []


async def test_a_client_that_looks_only_at_the_status_is_told_of_a_failure(
    open_stage: OpenStage, gemini: GeminiStandIn
) -> None:
    gemini.script(replies.quota_exceeded(per="Minute", retry_after_s=1))
    async with open_stage(**DESKTOP) as stage:
        await stage.page.goto(f"{stage.handbook.site}/frozen")
        assert await asked(stage, message=QUESTION) == {"status": 429}
        assert await asked(stage, message="") == {"status": 422}


async def test_this_client_works_against_a_service_that_sends_only_the_frozen_part(
    open_stage: OpenStage, handbook: Handbook
) -> None:
    async with FrozenBackend(handbook.site) as old, open_stage(**DESKTOP) as stage:
        await stage.open(api=old.url)
        answer = await stage.answered(QUESTION)
        await expect(answer.locator(".prose")).to_have_text("It needs four secrets.")
        await answer.locator(".uncited summary").first.click()
        await answer.locator(".card summary").click()
        link = answer.get_by_role("link", name="Open the page")
        await expect(link).to_have_attribute("href", f"{handbook.site}/docs/a")
        await expect(answer.get_by_role("button", name="Copy the answer")).to_be_visible()
        await expect(answer.get_by_role("button", name="Good answer")).to_have_count(0)
        async with stage.page.expect_event(
            "requestfinished", lambda request: request.url.endswith("/api/chat")
        ):
            await stage.answered("And where are they set?")
        await stage.page.reload()
        await expect(stage.panel.get_by_role("article")).to_have_count(2)
        await stage.panel.get_by_role("button", name="New conversation").click()
        await expect(stage.panel.get_by_role("article")).to_have_count(0)
        assert stage.tab.complaints == []
