"""`ragspace ingest` with Gemini over the stand-in: what it will take, and a quota that is spent."""

import re
from pathlib import Path

import pytest

from ragspace.models.gemini_embedder import BATCH
from tests.support.command import ragspace
from tests.support.gemini import GeminiStandIn, replies
from tests.support.skips import requires

pytestmark = requires("node")

SECTIONS = BATCH + BATCH // 2


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    sections = (f"## Section {number}\n\nThe text of section {number}.\n" for number in range(SECTIONS))
    (tmp_path / "docs" / "a.md").write_text("# Guide\n\n" + "\n".join(sections))
    return tmp_path


def environment(gemini: GeminiStandIn) -> dict[str, str]:
    return {"GEMINI_API_KEY": gemini.api_key, "GEMINI_BASE_URL": gemini.url}


def test_a_dry_run_tells_tokens_requests_days_and_cost_and_asks_nothing(
    home: Path, gemini: GeminiStandIn
) -> None:
    limits = {"GEMINI_EMBEDDING_REQUESTS_PER_DAY": "50", "GEMINI_EMBEDDING_PRICE": "1000"}
    ran = ragspace(home, "ingest", "docs", "--dry-run", **environment(gemini), **limits)

    assert ran.returncode == 0, ran.stderr
    assert f"{SECTIONS} passages would be embedded" in ran.stdout
    told = re.search(r"about ([\d,]+) tokens in 2 requests of up to 100 texts\.", ran.stdout)
    assert told is not None
    assert int(told[1].replace(",", "")) >= 5 * SECTIONS
    assert "With 50 requests a day: 1 day, or 3 days where each text counts as a request." in ran.stdout
    assert re.search(r"At 1000 USD per million tokens: about [\d.]+ USD\.", ran.stdout)
    assert gemini.asked("embed") == []


def test_a_spent_day_ends_the_run_with_what_to_do_and_the_next_run_goes_on(
    home: Path, gemini: GeminiStandIn
) -> None:
    gemini.script(replies.quota_exceeded(per="Day"), call="embed", when="section 149")
    stopped = ragspace(home, "ingest", "docs", **environment(gemini))
    assert stopped.returncode == 1
    assert f"Gemini's quota is spent. {BATCH} passages were embedded" in stopped.stderr
    assert re.search(r"Run the same command again in (\d+ h )?\d+ min: it goes on", stopped.stderr)

    gemini.reset()
    ran = ragspace(home, "ingest", "docs", **environment(gemini))

    assert ran.returncode == 0, ran.stderr
    assert f"{SECTIONS - BATCH} passages embedded, {BATCH} kept" in ran.stdout
    (asked,) = gemini.asked("embed")
    assert len(asked.body["requests"]) == SECTIONS - BATCH
