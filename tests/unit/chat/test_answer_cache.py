"""What counts as the same question, and what the cache does when its store is slow or away."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragspace.chat import answer_cache
from ragspace.chat.answer_cache import AnswerCache, Fingerprint, fingerprint, normalised
from ragspace.chat.prompt import general_request
from ragspace.conversations.records import CachedAnswer
from ragspace.documents.passage import Passage
from ragspace.errors import StorageUnavailable
from tests.support.passages import passage

QUESTION = "How fast is the lidar?"
PASSAGES = [passage("The lidar needs 12 ms."), passage("The camera needs 40 ms.", heading="Camera")]


def mark_of(question: str = QUESTION, passages: Sequence[Passage] = PASSAGES, **request: Any) -> Fingerprint:
    return fingerprint(general_request(question, passages, (), **request))


MARK = mark_of()
ANSWER = CachedAnswer(MARK.question, MARK.material, "flash", "12 ms [1].", [1], uuid4(), datetime.now(UTC))


@pytest.mark.parametrize(
    "same", ["how fast is the lidar", "  How  fast\tis the\nlidar ?", "How fast is the lidar?!", QUESTION]
)
def test_what_makes_no_difference_to_the_answer_makes_the_same_question(same: str) -> None:
    assert mark_of(same) == MARK


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What does -v do?", "What does -V do?"),
        ("Is US supported?", "Is us supported?"),
        ("US or EU?", "us or EU?"),
        ("What is .?", "What is ..?"),
        ("How fast?", "How slow?"),
        ("x²", "x2"),
    ],
)
def test_what_may_make_a_difference_does(one: str, other: str) -> None:
    assert mark_of(one) != mark_of(other)


@given(st.text())
def test_a_normalised_question_stays_as_it_is(question: str) -> None:
    assert normalised(normalised(question)) == normalised(question)


@pytest.mark.parametrize(
    "changed",
    [
        PASSAGES[::-1],
        PASSAGES[:1],
        [replace(PASSAGES[0], content="The lidar needs 13 ms."), PASSAGES[1]],
        [replace(PASSAGES[0], file="docs/other.md"), PASSAGES[1]],
    ],
    ids=["order", "number", "content", "file"],
)
def test_other_passages_have_another_answer(changed: list) -> None:
    assert mark_of(passages=changed).question == MARK.question
    assert mark_of(passages=changed).material != MARK.material


def test_a_doubt_that_the_model_is_told_has_another_answer() -> None:
    assert mark_of(doubtful=True).material != MARK.material


def test_another_prompt_has_another_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragspace.chat.prompt.GENERAL_SYSTEM", "Answer in verse.")
    assert mark_of().material != MARK.material


class Store:
    """Answers kept in a list; waits for `gate`, and is away where `away` is set."""

    def __init__(self, *kept: CachedAnswer) -> None:
        self.kept = list(kept)
        self.away = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = 0

    async def cached_answers(self, question: str, since: datetime) -> Sequence[CachedAnswer]:
        self.asked += 1
        found = [answer for answer in self.kept if answer.question == question and answer.created_at >= since]
        await self.gate.wait()
        if self.away:
            raise StorageUnavailable(service="postgres")
        return found

    async def cache_answer(self, answer: CachedAnswer, since: datetime, most: int) -> None:
        if self.away:
            raise StorageUnavailable(service="postgres")
        self.kept.append(answer)


async def look_up(cache: AnswerCache, *models: str) -> CachedAnswer | None:
    return await cache.look_up(QUESTION).result(MARK.material, models or ("flash",))


async def test_an_answer_that_was_kept_is_found_again() -> None:
    cache = AnswerCache(Store(), most=10, days=1)
    assert await look_up(cache) is None

    await cache.keep(ANSWER)

    assert await look_up(cache) == ANSWER
    assert (cache.hits, cache.misses) == (1, 1)


async def test_the_better_model_s_answer_is_taken_and_a_lesser_model_s_only_where_it_would_be_asked() -> None:
    lesser = replace(ANSWER, model="lite", content="12.")
    cache = AnswerCache(Store(lesser, ANSWER), most=10, days=1)
    assert await look_up(cache, "flash", "lite") == ANSWER
    assert await look_up(AnswerCache(Store(lesser), most=10, days=1), "flash", "lite") == lesser
    assert await look_up(AnswerCache(Store(lesser), most=10, days=1), "flash") is None


async def test_an_answer_from_other_passages_is_none() -> None:
    cache = AnswerCache(Store(replace(ANSWER, material="other")), most=10, days=1)
    assert await look_up(cache) is None


@pytest.mark.parametrize(("most", "days"), [(0, 7), (1000, 0)])
async def test_with_either_setting_at_0_nothing_is_kept_or_looked_for(most: int, days: float) -> None:
    store = Store(ANSWER)
    cache = AnswerCache(store, most=most, days=days)
    await cache.keep(ANSWER)
    assert await look_up(cache) is None
    assert (store.kept, store.asked, cache.misses) == ([ANSWER], 0, 0)


async def test_a_store_that_is_away_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(ANSWER)
    store.away = True
    cache = AnswerCache(store, most=10, days=1)
    await cache.keep(ANSWER)
    assert await look_up(cache) is None
    assert store.asked == 0

    monkeypatch.setattr(answer_cache, "REST_SECONDS", 0.0)
    cache.rest("error")
    assert await look_up(cache) is None
    store.away = False
    assert await look_up(cache) == ANSWER


async def test_the_model_waits_for_a_slow_store_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_cache, "LOOK_UP_SECONDS", 0.01)
    store = Store(ANSWER)
    store.gate.clear()
    cache = AnswerCache(store, most=10, days=1)

    assert await look_up(cache) is None

    assert store.asked == 1
    store.gate.set()


async def test_an_answer_that_is_kept_during_the_search_is_found() -> None:
    store = Store()
    store.gate.clear()
    cache = AnswerCache(store, most=10, days=1)
    searching = cache.look_up(QUESTION)
    await asyncio.sleep(0)
    await cache.keep(ANSWER)
    store.gate.set()

    assert await searching.result(MARK.material, ("flash",)) == ANSWER
