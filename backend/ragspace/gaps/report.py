"""What readers asked that the documents do not answer: the gaps, most asked first."""

import asyncio
from collections.abc import AsyncIterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from ragspace.errors import RagspaceError
from ragspace.gaps.grouping import SAME_MEANING, Groups, grouped_by_meaning, grouped_by_words, normalised
from ragspace.gaps.outcomes import Outcome
from ragspace.models.protocols import Embedder

MOST_QUESTIONS = 2000
"""Different questions that are kept and compared: some megabytes of vectors, and a second for the built-in
model's. A list that is longer is told by its first hundred as well."""

OTHERS_SHOWN = 5

LOW_SIMILARITY = {"all-MiniLM-L6-v2": 0.37}
"""Per embedding model: an answer whose best passage has a smaller cosine to the question is told as one of a
low score. With a model that is not listed none is."""


@dataclass(slots=True)
class _Asked:
    """One question, however often it was asked and in whatever spelling."""

    question: str
    newest: datetime
    heading: str | None
    count: int = 0
    refused: int = 0
    low_score: int = 0
    disliked: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions that ask for the same. `question` is the one asked most, `others` are some of the others'
    spellings. `count` is how often they were asked in vain: `refused`, answered from passages with a
    `low_score`, or `disliked` (thumbs down), of which one question may be several."""

    question: str
    others: tuple[str, ...]
    count: int
    refused: int
    low_score: int
    disliked: int
    newest: datetime
    heading: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """`questions` is how many were asked since `since`, `unanswered` how many of them are in `gaps` (most
    asked first), `left_out` how many more there were. `by_meaning`: they were compared by their embeddings;
    otherwise by their words, `why_by_words` says why."""

    since: datetime
    questions: int
    unanswered: int
    left_out: int
    by_meaning: bool
    why_by_words: str | None
    gaps: tuple[Gap, ...]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


async def report(outcomes: AsyncIterable[Outcome], embedder: Embedder, since: datetime) -> Report:
    """The report over `outcomes`. The questions are embedded by `embedder`, or compared by their words where
    it cannot. Raises what `outcomes` raises."""
    least = LOW_SIMILARITY.get(embedder.model, 0.0)
    found: dict[str, _Asked] = {}
    questions = left_out = 0
    async for outcome in outcomes:
        questions += 1
        low = not outcome.refused and outcome.similarity is not None and outcome.similarity < least
        if not (outcome.refused or low or outcome.disliked):
            continue
        key = normalised(outcome.question)
        if key not in found and len(found) >= MOST_QUESTIONS:
            left_out += 1
            continue
        _count(
            found.setdefault(key, _Asked(outcome.question, outcome.asked_at, outcome.heading)), outcome, low
        )
    asked = sorted(found.values(), key=lambda each: (-each.count, -each.newest.timestamp(), each.question))
    groups, why_by_words = await _grouped([each.question for each in asked], embedder)
    gaps = sorted(
        (_gap([asked[one] for one in group]) for group in groups),
        key=lambda gap: (-gap.count, -gap.newest.timestamp(), gap.question),
    )
    return Report(
        since=since,
        questions=questions,
        unanswered=sum(gap.count for gap in gaps),
        left_out=left_out,
        by_meaning=why_by_words is None,
        why_by_words=why_by_words,
        gaps=tuple(gaps),
    )


def _count(asked: _Asked, outcome: Outcome, low: bool) -> None:
    asked.count += 1
    asked.refused += outcome.refused
    asked.low_score += low
    asked.disliked += outcome.disliked
    if outcome.asked_at >= asked.newest:
        asked.newest, asked.question = outcome.asked_at, outcome.question
        asked.heading = outcome.heading or asked.heading


async def _grouped(questions: Sequence[str], embedder: Embedder) -> tuple[Groups, str | None]:
    if not questions:
        return [], None
    if embedder.model not in SAME_MEANING:
        why = f"how near questions must be to mean the same is not known of {embedder.model}"
        return await asyncio.to_thread(grouped_by_words, questions), why
    try:
        await embedder.open()
        vectors = await embedder.embed(questions, purpose="question", dimensions=embedder.default_dimensions)
    except RagspaceError as error:
        why = f"the embedding model is not there ({error.code})"
        return await asyncio.to_thread(grouped_by_words, questions), why
    return await asyncio.to_thread(grouped_by_meaning, vectors, embedder.model), None


def _gap(asked: Sequence[_Asked]) -> Gap:
    newest = max(asked, key=lambda each: each.newest)
    headings = (each.heading for each in (newest, *asked))
    return Gap(
        question=asked[0].question,
        others=tuple(each.question for each in asked[1 : 1 + OTHERS_SHOWN]),
        count=sum(each.count for each in asked),
        refused=sum(each.refused for each in asked),
        low_score=sum(each.low_score for each in asked),
        disliked=sum(each.disliked for each in asked),
        newest=newest.newest,
        heading=next((heading for heading in headings if heading), None),
    )
