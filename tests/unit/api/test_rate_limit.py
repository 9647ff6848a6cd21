"""Who a client is, behind so many proxies that append to X-Forwarded-For."""

import pytest
from starlette.requests import Request

from ragspace.api.clients import client_of
from ragspace.api.rate_limit import RateLimit
from ragspace.errors import RateLimited


def request(*forwarded: str, peer: str = "192.0.2.1") -> Request:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    return Request({"type": "http", "headers": headers, "client": (peer, 1)})


@pytest.mark.parametrize(
    ("hops", "forwarded", "client"),
    [
        (0, ["203.0.113.1"], "192.0.2.1"),
        (1, [], "192.0.2.1"),
        (1, ["203.0.113.1"], "203.0.113.1"),
        (1, ["6.6.6.6, 203.0.113.1"], "203.0.113.1"),
        (1, ["6.6.6.6", "203.0.113.1"], "203.0.113.1"),
        (1, ["203.0.113.1 "], "203.0.113.1"),
        (1, ["203.0.113.1:4711"], "203.0.113.1"),
        (1, ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::"),
        (1, ["[2001:db8:1:2::9]:443"], "2001:db8:1:2::"),
        (1, ["::ffff:203.0.113.1"], "203.0.113.1"),
        (1, ["somebody, somebody else"], "unknown"),
        (1, ["203.0.113.1,"], "unknown"),
        (2, ["6.6.6.6, 203.0.113.1, 10.0.0.1"], "203.0.113.1"),
        (2, ["203.0.113.1"], "192.0.2.1"),
    ],
)
def test_a_client_is_what_the_trusted_proxies_say_and_not_what_it_says_itself(
    hops: int, forwarded: list[str], client: str
):
    assert client_of(request(*forwarded).scope, hops) == client


async def test_a_wait_that_was_told_is_long_enough():
    limit = RateLimit("1/second", 0)
    await limit.admit_question(request())
    with pytest.raises(RateLimited) as refused:
        await limit.admit_question(request())
    assert refused.value.retry_after in (1, 2)
    await limit.admit_question(request(peer="192.0.2.2"))


async def test_other_requests_have_a_limit_of_their_own_ten_times_as_high():
    limit = RateLimit("1/hour", 0)
    for _ in range(10):
        await limit.admit(request())
    with pytest.raises(RateLimited):
        await limit.admit(request())
    await limit.admit_question(request())
