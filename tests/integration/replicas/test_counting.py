"""What replicas count together, in a real Redis, and each by itself while that is away."""

import time
from collections.abc import AsyncIterator

import pytest

from ragspace.models.quota import Spent
from ragspace.replicas.link import Link
from ragspace.replicas.quota import SharedQuotaLedger
from ragspace.replicas.rate_limits import SharedWindows
from tests.support.redis import Redis
from tests.support.skips import requires

pytestmark = requires("redis")

MODEL = "gemini-3.5-flash"


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def links(redis: Redis) -> AsyncIterator[list[Link]]:
    """The links of two replicas."""
    await redis.flush(3)
    links = [Link(redis.url(3), call_seconds=0.4) for _ in range(2)]
    for link in links:
        link.open()
        assert await link.until_connected(10)
    yield links
    for link in links:
        await link.close()


async def test_the_last_request_of_a_minute_is_taken_by_one_replica_only(links: list[Link], redis: Redis):
    clock = Clock()
    one, two = (SharedQuotaLedger(link, clock) for link in links)
    await links[0].call(lambda client: client.set(f"ragspace:quota:limit:{MODEL}", 3))
    assert [await ledger.admit(MODEL) for ledger in (one, two, one)] == [None] * 3
    for ledger in (one, two):
        spent = await ledger.admit(MODEL)
        assert spent is not None
        assert (spent.period, round(spent.until - clock.now)) == ("minute", 60)
    assert one.known()[MODEL].minute_requests == 3
    clock.now += 61
    assert await two.admit(MODEL) is None


async def test_a_day_that_is_spent_is_spent_for_all_and_stays_so_without_redis(
    links: list[Link], redis: Redis
):
    clock = Clock()
    one, two = (SharedQuotaLedger(link, clock) for link in links)
    spent = Spent("day", clock.now + 3600)
    await one.refused(MODEL, spent)
    told = await two.admit(MODEL)
    assert told is not None
    assert (told.period, round(told.until)) == ("day", round(spent.until))
    with redis.stopped():
        for ledger in (one, two):
            assert await ledger.admit(MODEL) is not None
            assert await ledger.admit("another") is None


async def test_a_window_is_shared_and_goes_on_without_redis(links: list[Link], redis: Redis):
    one, two = (SharedWindows(link) for link in links)
    taken = [await windows.acquire_entry("client", 3, 60) for windows in (one, two, one, two)]
    assert taken == [True, True, True, False]
    assert (await two.get_moving_window("client", 3, 60))[1] == 3
    with redis.stopped():
        assert await one.acquire_entry("client", 3, 60)
        assert not await one.acquire_entry("client", 3, 60)
