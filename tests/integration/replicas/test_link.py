"""The connection to a real Redis: over TLS, refused, lost and found again."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ragspace.replicas.link import Away, Link
from tests.support.redis import Redis
from tests.support.skips import requires

pytestmark = requires("redis")


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Link]:
    link = Link(url, call_seconds=0.4)
    link.open()
    try:
        yield link
    finally:
        await link.close()


async def until_told(link: Link) -> str:
    """What is wrong, as soon as anything is."""
    async with asyncio.timeout(10):
        while link.reason is None:
            await asyncio.sleep(0.01)
    return str(link.report()["reason"])


async def ping(redis: object) -> bool:
    return bool(await redis.ping())  # type: ignore[attr-defined]


async def test_redis_is_reached_with_and_without_tls(redis: Redis):
    for url in (redis.url(), redis.tls_url()):
        async with opened(url) as link:
            assert link.report()["status"] == "starting"
            assert await link.until_connected(10)
            assert await link.call(ping)
            assert link.report()["status"] == "connected"


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(redis: Redis):
    async with opened(redis.tls_url().partition("?")[0]) as link:
        assert await until_told(link) == "unreachable"


async def test_a_wrong_password_is_told_by_its_reason_and_never_logged(
    redis: Redis, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
):
    caplog.set_level(logging.DEBUG)
    async with opened(redis.url(password="marked-wrong-password")) as link:
        assert await until_told(link) == "unauthorized"
        assert "marked" not in f"{link.report()} {caplog.text} {capsys.readouterr()}"
        with pytest.raises(Away):
            await link.call(ping)


async def test_a_redis_that_takes_connections_and_says_nothing_costs_a_call_its_time_and_the_next_nothing(
    redis: Redis,
):
    async with opened(redis.url()) as link:
        assert await link.until_connected(10)
        with redis.frozen():
            with pytest.raises(Away):
                await link.call(ping)
            assert link.report()["reason"] == "timeout"
            started = asyncio.get_running_loop().time()
            with pytest.raises(Away):
                await link.call(ping)
            assert asyncio.get_running_loop().time() - started < 0.1
        assert await link.until_connected(10)


async def test_one_that_is_full_is_told_and_believed_again_when_it_takes_writes(redis: Redis):
    async def limit(client: object, size: str) -> None:
        await client.config_set("maxmemory", size)  # type: ignore[attr-defined]

    async with opened(redis.url()) as link, opened(redis.url()) as admin:
        assert await link.until_connected(10)
        assert await admin.until_connected(10)
        await admin.call(limit, "1mb")
        try:
            with pytest.raises(Away):
                await link.call(lambda client: client.set("ragspace:some", "x"))
            assert await until_told(link) == "error"
        finally:
            await admin.call(limit, "0")
        assert await link.until_connected(10)
