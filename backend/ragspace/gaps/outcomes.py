"""Questions and what came of them, read page by page from the conversations; nothing is written."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select

from ragspace.conversations.database import Database
from ragspace.conversations.queries import Queries, question_before
from ragspace.conversations.tables import messages

PAGE = 500
"""Answers that are read at once: by their key, so that no page costs more than the one before."""

_WHOLE = ("complete", "incomplete", "stopped")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question about the documents, with what is kept of its answer. `similarity` is the best passage's
    cosine (None where no passage was told); `heading` is the nearest one that is known."""

    question: str
    asked_at: datetime
    refused: bool
    similarity: float | None
    disliked: bool
    heading: str | None


async def outcomes(database: Database, since: datetime) -> AsyncIterator[Outcome]:
    """Of every question since then that was answered or refused, in no order. Questions about a selected text
    are left out: their readers did not ask the documents. Raises what `Database.run` raises."""
    after: UUID | None = None
    while True:
        rows = await database.run(_page(after, since))
        # Off the event loop: reading the sources of so many answers takes a while.
        for outcome in await asyncio.to_thread(_outcomes, rows):
            if outcome is not None:
                yield outcome
        if len(rows) < PAGE:
            return
        after = rows[-1].id


def _page(after: UUID | None, since: datetime) -> Callable[[Queries], Sequence[Row[Any]]]:
    answer = messages.alias("answer")
    wanted = (
        select(
            answer.c.id,
            answer.c.created_at,
            answer.c.rating,
            answer.c.sources,
            answer.c.details,
            question_before(answer).label("question"),
        )
        .where(
            answer.c.role == "assistant",
            answer.c.created_at >= since,
            # Rows of an earlier backend have none.
            or_(answer.c.status.in_(_WHOLE), answer.c.status.is_(None)),
        )
        .order_by(answer.c.id)
        .limit(PAGE)
    )
    if after is not None:
        wanted = wanted.where(answer.c.id > after)

    return lambda queries: queries.connection.execute(wanted).all()


def _outcomes(rows: Sequence[Row[Any]]) -> list[Outcome | None]:
    return [_outcome(row) for row in rows]


def _outcome(row: Row[Any]) -> Outcome | None:
    details = row.details if isinstance(row.details, Mapping) else {}
    if not row.question or details.get("mode") == "selection":
        return None
    sources, suggestions = _documents(row.sources), _documents(details.get("suggestions"))
    similarities = [s["similarity"] for s in sources if isinstance(s.get("similarity"), int | float)]
    headings = (each.get("heading") for each in (*suggestions, *sources))
    return Outcome(
        question=row.question,
        asked_at=row.created_at,
        refused=details.get("finish_reason") == "not_found",
        # What an earlier backend called similarity is not known to be a cosine.
        similarity=max(similarities, default=None) if "finish_reason" in details else None,
        disliked=row.rating == "down",
        heading=next((heading for heading in headings if isinstance(heading, str) and heading), None),
    )


def _documents(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
