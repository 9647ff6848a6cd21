"""Requests that two servers in a row could read in two ways: this one reads each in one, or not at all."""

import json

import pytest

from tests.support.raw_http import exchange, request
from tests.support.server import RunningServer

HIDDEN = b"DELETE /api/conversation/0b9f7f3c-1f7e-4c7e-9a53-000000000000 HTTP/1.1\r\nHost: x\r\n\r\n"
EMPTY = b"0\r\n\r\n"
"""A chunked body without a byte."""

JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    "sent",
    [
        request("POST", "/api/chat", JSON, "Content-Length: 4", CHUNKED, body=EMPTY + HIDDEN),
        request("POST", "/api/chat", JSON, CHUNKED, "Content-Length: 4", body=EMPTY + HIDDEN),
        request("POST", "/api/chat", JSON, "Content-Length: 0", "Content-Length: 70", body=HIDDEN),
        request("POST", "/api/chat", JSON, "Content-Length: 0, 70", body=HIDDEN),
        request("POST", "/api/chat", JSON, "Content-Length: +0", body=HIDDEN),
        request("POST", "/api/chat", JSON, "Content-Length: -1", body=HIDDEN),
        request("POST", "/api/chat", JSON, "Content-Length: 0x5", body=HIDDEN),
        request("POST", "/api/chat", JSON, "Content-Length: 99999999999999999999999", body=HIDDEN),
        request("POST", "/api/chat", JSON, "Content-Length : 5", body=HIDDEN),
        request("POST", "/api/chat", JSON, "Transfer-Encoding: xchunked", body=EMPTY + HIDDEN),
        request("POST", "/api/chat", JSON, "Transfer-Encoding: chunked, identity", body=EMPTY + HIDDEN),
        request("POST", "/api/chat", JSON, CHUNKED, "Transfer-Encoding: identity", body=EMPTY + HIDDEN),
        request("POST", "/api/chat", JSON, "Transfer-Encoding : chunked", body=EMPTY + HIDDEN),
        request("POST", "/api/chat", JSON, CHUNKED, body=b"1; \r\nx\nA\r\n0\r\n\r\n" + HIDDEN),
        request("POST", "/api/chat", JSON, CHUNKED, body=b"0x1\r\nA\r\n0\r\n\r\n" + HIDDEN),
        request("POST", "/api/chat", JSON, CHUNKED, body=b"-1\r\nA\r\n0\r\n\r\n" + HIDDEN),
        request("POST", "/api/chat", JSON, CHUNKED, body=b"fffffffffffffffff\r\nA\r\n0\r\n\r\n" + HIDDEN),
        request("POST", "/api/chat", JSON, CHUNKED, body=b"1\r\nAB\r\n0\r\n\r\n" + HIDDEN),
        request("POST", "/api/chat", JSON, CHUNKED, body=b"1\rA\r\n0\r\n\r\n" + HIDDEN),
        request("POST", "/api/chat", JSON, "X: a\r\n Content-Length: 5", body=HIDDEN),
        request("POST", "/api/chat", JSON, "X: a\nContent-Length: 5\n", body=HIDDEN),
        request("POST", "/api/chat", JSON, "X: a\rContent-Length: 5", body=HIDDEN),
        request("POST", "/api/chat", JSON, "X: a\x00b", "Content-Length: 0", body=HIDDEN),
        request("POST", "/api/chat", JSON, "X y: a", "Content-Length: 0", body=HIDDEN),
        request("POST", "/api/chat", JSON, ": a", "Content-Length: 0", body=HIDDEN),
        b"POST /api/chat\r\n\r\n" + HIDDEN,
        b"POST /api/chat HTTP/1.1 HTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN,
        b"POST /api/chat HTTP/9.9\r\nHost: x\r\n\r\n" + HIDDEN,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500) + HIDDEN,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN,
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n" + HIDDEN,
    ],
)  # fmt: skip
async def test_what_could_be_read_in_two_ways_ends_the_connection(attacked: RunningServer, sent: bytes):
    reply = await exchange(attacked.port, sent)
    assert reply.closed
    assert len(reply.statuses) == 1, reply.data
    assert reply.statuses[0] in (400, 404, 405), reply.data
    assert reply.error["code"] in ("bad_request", "not_found", "method_not_allowed")
    assert reply.error["request_id"] == reply.headers["x-request-id"]
    assert reply.headers["connection"] == "close"
    assert reply.headers["x-content-type-options"] == "nosniff"


async def test_trailers_are_no_headers(attacked: RunningServer):
    """Behind an edge that appends the client's address, a trailer would stand to the right of it."""
    body = json.dumps({"message": "hi"}).encode()
    chunked = b"%x\r\n%b\r\n0\r\n" % (len(body), body)
    trailer = b"Content-Type: application/json\r\nOrigin: https://evil.example\r\n\r\n"
    sent = request("POST", "/api/chat", CHUNKED, "Connection: close", body=chunked + trailer)
    assert (await exchange(attacked.port, sent)).error["code"] == "unsupported_media_type"


async def test_an_upgrade_is_not_made_and_what_follows_is_not_read(attacked: RunningServer):
    for protocol in ("websocket", "h2c"):
        upgrade = (f"Upgrade: {protocol}", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==")
        reply = await exchange(attacked.port, request("GET", "/api/health/live", *upgrade) + HIDDEN)
        assert (reply.statuses, reply.closed) == ([200], True)


async def test_more_requests_on_one_connection_than_wait_for_an_answer_end_it(attacked: RunningServer):
    live = request("GET", "/api/health/live")
    assert (await exchange(attacked.port, live * 5, patience=1)).statuses == [200] * 5
    reply = await exchange(attacked.port, live * 500)
    assert reply.closed
    assert len(reply.statuses) < 20


async def test_a_request_after_one_that_was_broken_off_is_not_answered(attacked: RunningServer):
    body = request("POST", "/api/chat", JSON, CHUNKED, body=b"5\r\n")
    reply = await exchange(attacked.port, body, b"Z", b"ZZZZnot a chunk\r\n", HIDDEN, pause=0.05)
    assert (len(reply.statuses), reply.closed) == (1, True)
