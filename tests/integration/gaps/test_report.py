"""`ragspace report`, read from each kind of database."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ragspace.conversations.repository import SqlConversations
from ragspace.database_url import DatabaseAddress, parse_database_url
from ragspace.errors import RetrievalUnavailable
from ragspace.gaps import outcomes as pages
from ragspace.gaps import report as reports
from ragspace.gaps.outcomes import outcomes
from ragspace.gaps.report import Gap, Report, report
from ragspace.models.minilm import MiniLMEmbedder
from tests.support.command import ragspace
from tests.support.messages import DETAILS, SOURCES, asked
from tests.support.postgres import Postgres, postgres_url

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
WEAK = [{**SOURCES[0], "similarity": 0.31}]


def refusal(heading: str = "Pricing") -> dict[str, Any]:
    suggestions = [{"heading": heading, "url": "/pricing"}]
    details = {**DETAILS, "finish_reason": "not_found", "cited": [], "suggestions": suggestions}
    return {"sources": [], "details": details, "answer": "I could not find anything about this."}


async def keep(conversations: SqlConversations, question: str, **changes: Any) -> UUID:
    said = asked(question, **changes)
    await conversations.begin(said.question, said.running)
    await conversations.finish(said.answer)
    return said.answer.id


async def read(address: DatabaseAddress, since: datetime = LONG_AGO, embedder: Any = None) -> Report:
    from ragspace.conversations.database import Database

    database = await asyncio.to_thread(Database, address, 10.0)
    try:
        return await report(outcomes(database, since), embedder or MiniLMEmbedder(), since)
    finally:
        await database.close()


def shown(gaps: tuple[Gap, ...]) -> list[tuple[str, int, int, int, int]]:
    return [(gap.question, gap.count, gap.refused, gap.low_score, gap.disliked) for gap in gaps]


async def test_what_was_refused_weakly_found_or_disliked_is_counted_by_what_it_asks_for(
    address: DatabaseAddress, conversations: SqlConversations
) -> None:
    await keep(conversations, "What does it cost per month?", minutes_ago=3, **refusal("Limits"))
    await keep(conversations, "what does it cost per month", minutes_ago=1, **refusal("Pricing"))
    await keep(conversations, "What is the monthly cost?", minutes_ago=2, **refusal())
    await keep(conversations, "Can I use my own domain?", minutes_ago=4, sources=WEAK)
    disliked = await keep(conversations, "How do I change the colour of the button?")
    await conversations.rate(disliked, "down", "wrong")
    liked = await keep(conversations, "What is LiDAR?")
    await conversations.rate(liked, "up", None)

    found = await read(address)

    assert shown(found.gaps) == [
        ("what does it cost per month", 3, 3, 0, 0),
        ("How do I change the colour of the button?", 1, 0, 0, 1),
        ("Can I use my own domain?", 1, 0, 1, 0),
    ]
    assert (found.questions, found.unanswered, found.by_meaning) == (6, 5, True)
    assert found.gaps[0].heading == "Pricing"
    assert found.gaps[0].others == ("What is the monthly cost?",)
    assert {gap.heading for gap in found.gaps[1:]} == {"Sensors > LiDAR"}


async def test_only_questions_of_the_period_that_were_put_to_the_documents_and_ended_count(
    address: DatabaseAddress, conversations: SqlConversations
) -> None:
    await keep(conversations, "Asked long ago?", minutes_ago=90, **refusal())
    await keep(conversations, "Failed?", status="failed", **refusal())
    selected = {**refusal()["details"], "mode": "selection"}
    await keep(conversations, "Of a selection?", **{**refusal(), "details": selected})
    running = asked("Still running?")
    await conversations.begin(running.question, running.running)
    await keep(conversations, "Asked now?", minutes_ago=1, **refusal())

    since = datetime.fromtimestamp(datetime.now(UTC).timestamp() - 3600, UTC)
    found = await read(address, since)
    assert [gap.question for gap in found.gaps] == ["Asked now?"]
    assert found.questions == 1


async def test_every_page_is_read_once_and_what_is_kept_in_memory_is_bounded(
    address: DatabaseAddress, conversations: SqlConversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE", 2)
    monkeypatch.setattr(reports, "MOST_QUESTIONS", 3)
    for number in range(5):
        await keep(conversations, f"Question {'abcde'[number]}{number}?", **refusal())
    found = await read(address)
    assert (found.questions, found.unanswered, found.left_out) == (5, 3, 2)


class Away(MiniLMEmbedder):
    async def embed(self, *_: Any, **__: Any) -> Any:
        raise RetrievalUnavailable(service="gemini", reason="unreachable")


async def test_without_the_embedder_questions_are_compared_by_their_words(
    address: DatabaseAddress, conversations: SqlConversations
) -> None:
    await keep(conversations, "Set the colors?", minutes_ago=1, **refusal())
    await keep(conversations, "Setting colors", **refusal())
    found = await read(address, embedder=Away())
    assert (found.by_meaning, [gap.count for gap in found.gaps]) == (False, [2])
    assert "retrieval_unavailable" in (found.why_by_words or "")


async def test_the_command_reads_postgresql_and_shows_a_table_and_json(
    postgres: Postgres, database: str, tmp_path: Path
) -> None:
    url = postgres_url(postgres.port, database)
    nothing_kept = await asyncio.to_thread(ragspace, tmp_path, "report", DATABASE_URL=url)
    assert nothing_kept.returncode == 1
    assert "Traceback" not in nothing_kept.stderr
    assert url not in nothing_kept.stderr

    conversations = SqlConversations(parse_database_url(url, tmp_path))
    await conversations.open()
    nothing = await asyncio.to_thread(ragspace, tmp_path, "report", "--since", "7", DATABASE_URL=url)
    assert (nothing.returncode, nothing.stdout) == (
        0,
        "Nobody has asked the documents anything in the last 7 days.\n",
    )
    await keep(conversations, "What is LiDAR?")
    good = await asyncio.to_thread(ragspace, tmp_path, "report", DATABASE_URL=url)
    assert good.stdout == "One question was asked in the last 30 days, and none was in vain.\n"
    await keep(conversations, "What does it \x1b[31mcost?", **refusal())
    await conversations.close()

    table = await asyncio.to_thread(ragspace, tmp_path, "report", DATABASE_URL=url)
    assert table.returncode == 0, table.stderr
    assert "2 questions were asked in the last 30 days, 1 in vain." in table.stdout
    assert "What does it  [31mcost?" in table.stdout
    assert "\x1b" not in table.stdout
    assert "1 refused" in table.stdout
    assert "Pricing" in table.stdout
    told = json.loads(
        (await asyncio.to_thread(ragspace, tmp_path, "report", "--json", DATABASE_URL=url)).stdout
    )
    [gap] = told["gaps"]
    assert (gap["count"], gap["refused"], gap["heading"], told["by_meaning"]) == (1, 1, "Pricing", True)


def test_where_nothing_was_ever_kept_the_command_says_so_and_makes_nothing(tmp_path: Path) -> None:
    told = ragspace(tmp_path, "report")
    assert told.returncode == 1
    assert "No conversation is kept there yet." in told.stderr
    assert list(tmp_path.iterdir()) == []
