"""Clients that take their time: each is let go of, and nobody else waits for it."""

import asyncio

from tests.attack.conftest import established
from tests.support.raw_http import exchange, request
from tests.support.server import RunningServer

JSON = "Content-Type: application/json"


async def test_a_head_that_does_not_come_is_408(attacked: RunningServer):
    reply = await exchange(attacked.port, b"GET / HTTP/1.1\r\n", patience=10)
    assert (reply.statuses, reply.closed, reply.error["code"]) == ([408], True, "request_timeout")


async def test_a_head_that_drips_is_408_however_long_it_goes_on(attacked: RunningServer):
    drips = [b"GET / HTTP/1.1\r\n", *(b"X-%d: 1\r\n" % n for n in range(50))]
    reply = await exchange(attacked.port, *drips, pause=0.1, patience=10)
    assert (reply.statuses, reply.closed) == ([408], True)


async def test_a_second_head_has_no_more_time_than_the_first(attacked: RunningServer):
    reply = await exchange(attacked.port, request("GET", "/api/health/live"), b"G", pause=0.1, patience=10)
    assert (reply.statuses, reply.closed) == ([200, 408], True)


async def test_a_body_that_drips_is_refused(attacked: RunningServer):
    head = request("POST", "/api/chat", JSON, "Content-Length: 1000")
    reply = await exchange(attacked.port, head, *[b" "] * 50, pause=0.1, patience=10)
    assert (reply.statuses, reply.closed, reply.error["code"]) == ([400], True, "invalid_json")


async def test_a_body_that_nobody_asked_for_holds_the_connection_no_longer_than_another(
    attacked: RunningServer,
):
    head = request("GET", "/api/health/live", "Content-Length: 1000000")
    reply = await exchange(attacked.port, head, *[b" "] * 90, pause=0.1, patience=10)
    assert reply.statuses[0] == 200
    assert reply.closed


async def test_many_slow_clients_hold_nobody_up(attacked: RunningServer):
    slow = [asyncio.create_task(exchange(attacked.port, b"GET / HT", patience=10)) for _ in range(200)]
    reply = await exchange(attacked.port, request("GET", "/api/health/live", "Connection: close"))
    assert reply.statuses == [200]
    assert {tuple(reply.statuses) for reply in await asyncio.gather(*slow)} == {(408,)}
    await established(attacked, 0)
