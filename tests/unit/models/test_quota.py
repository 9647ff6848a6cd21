"""The ledger of quotas, by a clock that the tests move."""

from hypothesis import given
from hypothesis import strategies as st

from ragspace.models.quota import LIMIT_BELIEVED, MINUTE, LocalQuotaLedger, Quota, Spent

START = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> float:
        return self.time


async def test_a_spent_model_is_not_admitted_until_its_quota_is_back() -> None:
    clock = Clock()
    ledger = LocalQuotaLedger(clock)
    spent = Spent("day", START + 3600)
    assert await ledger.admit("flash") is None

    await ledger.refused("flash", spent)
    assert await ledger.admit("flash") == spent
    assert await ledger.admit("flash-lite") is None

    clock.time += 3599
    assert await ledger.admit("flash") == spent
    clock.time += 1
    assert await ledger.admit("flash") is None


async def test_of_two_refusals_the_one_that_lasts_longer_counts() -> None:
    ledger = LocalQuotaLedger(Clock())
    day, minute = Spent("day", START + 3600), Spent("minute", START + 38)

    await ledger.refused("flash", day)
    await ledger.refused("flash", minute)

    assert await ledger.admit("flash") == day


async def test_once_the_limit_is_known_the_requests_of_a_minute_are_paced_without_another_refusal() -> None:
    clock = Clock()
    ledger = LocalQuotaLedger(clock)
    await ledger.refused("flash", Spent("minute", START + 10, limit=2))
    clock.time += 100

    assert await ledger.admit("flash") is None
    clock.time += 20
    assert await ledger.admit("flash") is None
    assert await ledger.admit("flash") == Spent("minute", START + 100 + MINUTE, 2)

    clock.time = START + 100 + MINUTE
    assert await ledger.admit("flash") is None
    assert await ledger.admit("flash") == Spent("minute", START + 120 + MINUTE, 2)


async def test_a_limit_is_not_believed_for_ever_since_it_may_be_raised() -> None:
    clock = Clock()
    ledger = LocalQuotaLedger(clock)
    await ledger.refused("flash", Spent("minute", START + 1, limit=1))

    clock.time += LIMIT_BELIEVED
    assert [await ledger.admit("flash") for _ in range(3)] == [None] * 3


async def test_the_limit_of_a_day_paces_nothing_once_the_day_is_over() -> None:
    clock = Clock()
    ledger = LocalQuotaLedger(clock)
    await ledger.refused("flash", Spent("day", START + 60, limit=1))

    clock.time += 60
    assert [await ledger.admit("flash") for _ in range(3)] == [None] * 3


async def test_what_is_known_can_be_read_without_asking() -> None:
    clock = Clock()
    ledger = LocalQuotaLedger(clock)
    await ledger.admit("flash")
    await ledger.refused("flash", Spent("minute", START + 38, limit=5))
    await ledger.admit("flash-lite")

    assert ledger.known() == {
        "flash": Quota(Spent("minute", START + 38, 5), 1, 5),
        "flash-lite": Quota(None, 1, None),
    }
    clock.time += MINUTE
    assert ledger.known()["flash"] == Quota(None, 0, 5)


@given(
    limit=st.integers(1, 5),
    pauses=st.lists(st.floats(0, 40, allow_nan=False), min_size=1, max_size=60),
)
async def test_no_minute_ever_has_more_requests_than_its_limit(limit: int, pauses: list[float]) -> None:
    clock = Clock()
    ledger = LocalQuotaLedger(clock)
    await ledger.refused("flash", Spent("minute", START, limit))
    admitted: list[float] = []
    for pause in pauses:
        clock.time += pause
        spent = await ledger.admit("flash")
        if spent is None:
            admitted.append(clock.time)
        else:
            assert clock.time < spent.until <= clock.time + MINUTE

    for first, after in zip(admitted, admitted[limit:], strict=False):
        assert after - first >= MINUTE
