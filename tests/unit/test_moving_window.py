"""Counting in this process, over a clock that is moved by hand."""

import pytest

from ragspace import moving_window
from ragspace.moving_window import MovingWindows

MINUTE = 60


class Clock:
    now = 1_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(moving_window, "time", clock)
    return clock


async def test_so_many_are_taken_in_any_span_of_the_window(clock: Clock) -> None:
    windows = MovingWindows()
    assert await windows.acquire_entry("client", 2, MINUTE)
    clock.now += 40
    assert await windows.acquire_entry("client", 2, MINUTE)
    assert not await windows.acquire_entry("client", 2, MINUTE)

    clock.now += 21
    assert await windows.acquire_entry("client", 2, MINUTE)
    assert not await windows.acquire_entry("client", 2, MINUTE)


async def test_the_window_begins_with_the_oldest_that_still_counts(clock: Clock) -> None:
    windows = MovingWindows()
    assert await windows.get_moving_window("client", 2, MINUTE) == (clock.now, 0)
    await windows.acquire_entry("client", 2, MINUTE)
    first = clock.now
    clock.now += 40
    await windows.acquire_entry("client", 2, MINUTE)
    assert await windows.get_moving_window("client", 2, MINUTE) == (first, 2)

    clock.now += 21
    assert await windows.get_moving_window("client", 2, MINUTE) == (first + 40, 1)
    clock.now += MINUTE
    assert await windows.get_moving_window("client", 2, MINUTE) == (clock.now, 0)


async def test_clients_are_counted_apart(clock: Clock) -> None:
    windows = MovingWindows()
    assert await windows.acquire_entry("one", 1, MINUTE)
    assert await windows.acquire_entry("other", 1, MINUTE)
    assert not await windows.acquire_entry("one", 1, MINUTE)


async def test_clients_that_left_are_forgotten_though_new_ones_come_all_the_time(clock: Clock) -> None:
    windows = MovingWindows()
    for number in range(1000):
        await windows.acquire_entry(f"client {number}", 1, MINUTE)
        clock.now += 1

    assert windows.clients <= MINUTE + 2
