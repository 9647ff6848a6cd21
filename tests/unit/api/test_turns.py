"""Whose turn it is, where more is asked than may be answered at once."""

import asyncio

import pytest

from ragspace.api.turns import Turns
from ragspace.errors import RateLimited


class Line:
    """Asks for turns; `served` is who got one, in order."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.served: list[str] = []
        self.refused: list[str] = []

    async def ask(self, client: str) -> None:
        try:
            await self._turns.take(client)
        except RateLimited:
            self.refused.append(client)
        else:
            self.served.append(client)

    async def all_ask(self, *clients: str) -> list["asyncio.Task[None]"]:
        tasks = [asyncio.create_task(self.ask(client)) for client in clients]
        await _settled()
        return tasks


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_free_turn_is_not_waited_for():
    turns = Turns(1, 0, 10)
    assert await turns.take("a") is False
    with pytest.raises(RateLimited) as refused:
        await turns.take("a")
    assert refused.value.retry_after == 5
    turns.give_back()
    assert await turns.take("a") is False


async def test_clients_take_turns_however_much_one_of_them_asks():
    turns = Turns(1, 10, 10)
    line = Line(turns)
    await turns.take("first")
    tasks = await line.all_ask("busy", "busy", "busy", "other", "busy", "third")
    for _ in tasks:
        turns.give_back()
        await _settled()
    assert line.served == ["busy", "other", "third", "busy", "busy", "busy"]
    assert turns.waiting == 0


async def test_where_no_place_is_left_the_one_who_takes_most_loses_the_newest():
    turns = Turns(1, 3, 10)
    line = Line(turns)
    await turns.take("first")
    tasks = await line.all_ask("busy", "busy", "busy", "busy", "other", "third", "fourth")
    assert sorted(line.refused) == ["busy", "busy", "busy", "fourth"]
    for _ in range(3):
        turns.give_back()
        await _settled()
    assert line.served == ["busy", "other", "third"]
    await asyncio.gather(*tasks)


async def test_a_wait_has_an_end():
    turns = Turns(1, 10, 0.01)
    await turns.take("a")
    with pytest.raises(RateLimited):
        await turns.take("b")
    assert turns.waiting == 0
    turns.give_back()
    assert await turns.take("b") is False


async def test_a_turn_of_one_who_left_goes_to_the_next():
    turns = Turns(1, 10, 10)
    line = Line(turns)
    await turns.take("first")
    leaving, _ = await line.all_ask("leaving", "next")
    turns.give_back()
    leaving.cancel()
    await _settled()
    assert line.served == ["next"]
    turns.give_back()
    assert await turns.take("last") is False


async def test_no_more_turns_are_given_than_there_are():
    turns = Turns(2, 100, 10)
    line = Line(turns)
    tasks = await line.all_ask(*(f"client {number % 7}" for number in range(40)))
    assert len(line.served) == 2
    for given in range(3, 41):
        turns.give_back()
        await _settled()
        assert len(line.served) == given
    await asyncio.gather(*tasks)
