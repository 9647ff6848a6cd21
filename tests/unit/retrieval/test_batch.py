"""What is asked in one round of the event loop is answered together, but for who asks alone."""

import asyncio
from collections.abc import Sequence

import pytest

from ragspace.retrieval.batch import AT_ONCE, Batch


class Doubling:
    """Doubles numbers, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[int]]] = []

    def __call__(self, key: str, numbers: Sequence[int]) -> list[int]:
        self.asked.append((key, list(numbers)))
        if 0 in numbers:
            raise ValueError("nothing to double")
        return [2 * number for number in numbers]


@pytest.fixture
def doubling() -> Doubling:
    return Doubling()


@pytest.fixture
async def batch(doubling: Doubling) -> Batch[str, int, int]:
    """One in a rush: the first was answered at once, those who came with it together."""
    batch = Batch(doubling)
    assert await asyncio.gather(*(batch.ask("before", number) for number in (1, 2, 3))) == [2, 4, 6]
    assert doubling.asked == [("before", [1]), ("before", [2, 3])]
    doubling.asked.clear()
    return batch


async def test_who_asks_alone_is_answered_at_once(doubling: Doubling) -> None:
    batch = Batch(doubling)
    for number in (1, 2):
        asking = batch.ask("a", number)
        with pytest.raises(StopIteration) as answered:
            asking.send(None)
        assert answered.value.value == 2 * number
        await asyncio.sleep(0)


async def test_those_of_one_round_are_answered_together_each_with_its_own(
    batch: Batch[str, int, int], doubling: Doubling
) -> None:
    assert await asyncio.gather(*(batch.ask("a", number) for number in (1, 2, 3))) == [2, 4, 6]
    assert doubling.asked == [("a", [1, 2, 3])]


async def test_in_a_rush_they_are_collected_until_one_is_alone_again(
    batch: Batch[str, int, int], doubling: Doubling
) -> None:
    await asyncio.gather(*(batch.ask("a", number) for number in (1, 2)))
    await asyncio.gather(*(batch.ask("a", number) for number in (3, 4)))
    await batch.ask("a", 5)
    assert doubling.asked == [("a", [1, 2]), ("a", [3, 4]), ("a", [5])]
    with pytest.raises(StopIteration):
        batch.ask("a", 6).send(None)


async def test_other_keys_are_answered_for_themselves(
    batch: Batch[str, int, int], doubling: Doubling
) -> None:
    assert await asyncio.gather(batch.ask("a", 1), batch.ask("b", 2), batch.ask("a", 3)) == [2, 4, 6]
    assert doubling.asked == [("a", [1, 3]), ("b", [2])]


async def test_of_many_some_are_answered_at_a_time(batch: Batch[str, int, int], doubling: Doubling) -> None:
    numbers = list(range(1, 2 * AT_ONCE + 2))
    assert await asyncio.gather(*(batch.ask("a", each) for each in numbers)) == [2 * each for each in numbers]
    assert [len(asked) for _, asked in doubling.asked] == [AT_ONCE, AT_ONCE, 1]


async def test_a_failure_is_told_to_all_who_asked_and_to_nobody_later(batch: Batch[str, int, int]) -> None:
    told = await asyncio.gather(batch.ask("a", 0), batch.ask("a", 1), return_exceptions=True)
    assert [str(each) for each in told] == ["nothing to double"] * 2
    assert await batch.ask("a", 1) == 2


async def test_who_leaves_takes_no_answer_from_the_others(batch: Batch[str, int, int]) -> None:
    left, stayed = (asyncio.create_task(batch.ask("a", number)) for number in (1, 2))
    await asyncio.sleep(0)
    left.cancel()
    assert await stayed == 4
    with pytest.raises(asyncio.CancelledError):
        await left
