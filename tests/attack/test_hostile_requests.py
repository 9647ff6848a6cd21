"""Requests made up at random out of what breaks servers, each told by its seed.

`make test` sends 500, `make soak` 10,000; RAGSPACE_SEED sends others.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import pytest

from tests.attack.conftest import ORIGIN, established
from tests.support.raw_http import exchange, request
from tests.support.server import RunningServer

REQUESTS = 10_000 if os.environ.get("RAGSPACE_SOAK") == "1" else 500
SEED = int(os.environ.get("RAGSPACE_SEED", "20261124"))
AT_ONCE = 25

Sent = tuple[bytes, ...]
Kind = Callable[[random.Random], Sent]

METHODS = (
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "PROPFIND",
    "get",
    "QUERY",
    "M-SEARCH",
)
ID = "0b9f7f3c-1f7e-4c7e-9a53-000000000000"
PATHS = (
    "/",
    "/api/chat",
    "/api/chat/",
    f"/api/chat/{ID}/stream",
    f"/api/chat/{ID}/stop",
    "/api/feedback",
    f"/api/conversation/{ID}",
    "/api/conversation/",
    "/api/health",
    "/api/health/live",
    "/docs",
    "/openapi.json",
    "/metrics",
    "/widget.js",
    "/redoc",
    "/docs/oauth2-redirect",
)
TRICKS = (
    "/../../../../etc/passwd",
    "/..%2f..%2f..%2fetc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "//evil.example/",
    "/\\..\\x",
    "/%00",
    "/%",
    "/%zz",
    "/%ff%fe",
    "/%c0%ae%c0%ae/",
    "/%ed%a0%80",
    "/api//chat",
    "/api/./chat",
    "/api/x/../chat",
    "/API/CHAT",
    "/api/chat;x=1",
    "/api/chat%20",
    "/api/chat%3f",
    "/api/chat#x",
    "http://evil.example/api/health/live",
    "https://evil.example:99999/",
    "http://[::1",
    "http:///x",
    "*",
    "",
    "x",
    "?",
    "/?" + "a=b&" * 2000,
    "/" + "a/" * 5000,
    "/api/conversation/" + "9" * 5000,
    "/api/conversation/%0d%0aX:%20y",
    "/api/health?x=\xff",
    "/\xff\xfe",
    "/\x00",
    "/api/chat/%7B%7B7*7%7D%7D/stream",
    "/api/conversation/' OR 1=1--",
    f"/api/conversation/{ID}%00",
)
HEADERS = (
    "Origin: null",
    "Origin: ",
    f"Origin: {ORIGIN}",
    "Origin: https://evil.example",
    "Origin: \xff\xfe",
    "X-Forwarded-For: " + "1.2.3.4, " * 500,
    "X-Forwarded-For: \xff",
    "X-Forwarded-Proto: gopher",
    "Last-Event-ID: " + "9" * 3000,
    f"Last-Event-ID: {ID}:-1",
    f"Last-Event-ID: {ID}:\xb2",
    "Last-Event-ID: ::",
    "Content-Length: 5",
    "Content-Length: x",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: gzip, chunked",
    "Content-Type: application/json",
    "Content-Type: application/json; charset=utf-7",
    "Content-Type: text/plain",
    "Content-Type: multipart/form-data; boundary=x",
    "Content-Type: application/" + "x+" * 3000 + "json",
    "Content-Type: \xff",
    "Content-Encoding: gzip",
    "Expect: 100-continue",
    "Expect: nonsense",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Connection: close",
    "Connection: keep-alive, Content-Length",
    "Range: bytes=0-,0-,0-",
    "If-None-Match: *",
    "Accept-Encoding: gzip;q=0.0000001, *",
    "Cookie: " + "a=b; " * 2000,
    "Authorization: Bearer " + "x" * 9000,
    "Access-Control-Request-Method: POST",
    "Access-Control-Request-Headers: " + "x," * 2000,
    "Host: a",
    "Host:",
    "X-Long: " + "a" * 40_000,
    "X" * 9000 + ": a",
    "X: \x01\x02",
    "X\x00: a",
    " X: a",
    "X",
    "TE: trailers",
)
TEXTS = (
    '"\\ud800"',
    '"\\u0000"',
    '"' + "x" * 3000 + '"',
    "null",
    "true",
    "1e999",
    "-0",
    "[]",
    "{}",
    '"\u202e\u0000"',
    '"   "',
    '"{{7*7}} ${7*7} <script>alert(1)</script>"',
    '"\'; DROP TABLE messages;--"',
    '"' + "\\n" * 900 + '"',
    "9" * 5000,
    '"Which secrets does the Space need?"',
    '"\U0001f600"',
    '"' + "a\u0300" * 900 + '"',
    "NaN",
    "[" * 500 + "]" * 500,
)
FIELDS = (
    "message",
    "mode",
    "context",
    "conversation_id",
    "message_id",
    "rating",
    "comment",
    "__proto__",
    "\ud800",
    "",
)


def _target(chance: random.Random) -> str:
    return chance.choice(PATHS if chance.random() < 0.6 else TRICKS)


def _headers(chance: random.Random) -> list[str]:
    return chance.choices(HEADERS, k=chance.randint(0, 6))


def bare(chance: random.Random) -> Sent:
    return (request(chance.choice(METHODS), _target(chance), *_headers(chance)),)


def _json(chance: random.Random, depth: int = 0) -> str:
    if depth < 3 and chance.random() < 0.15:
        return "[" + ",".join(_json(chance, depth + 1) for _ in range(chance.randint(0, 3))) + "]"
    return chance.choice(TEXTS)


def documents(chance: random.Random) -> Sent:
    """Well framed, and odd inside."""
    pairs = [f'"{chance.choice(FIELDS)}":{_json(chance)}' for _ in range(chance.randint(0, 5))]
    body = ("{" + ",".join(pairs) + "}").encode("utf-8", "surrogatepass")
    if chance.random() < 0.2:
        cut = chance.randrange(len(body) + 1)
        body = body[:cut] + chance.randbytes(chance.randint(0, 5)) + body[cut:]
    path = chance.choice(("/api/chat", "/api/chat", "/api/feedback", f"/api/chat/{ID}/stop"))
    headers = ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return (request("POST", path, *headers, body=body),)


def deep(chance: random.Random) -> Sent:
    body = chance.choice((b"[", b'{"message":', b'[{"a":', b'"\\')) * chance.choice((100, 5000, 20_000))
    return (
        request(
            "POST", "/api/chat", "Content-Type: application/json", f"Content-Length: {len(body)}", body=body
        ),
    )


def oversize(chance: random.Random) -> Sent:
    size = chance.choice((65_536, 65_537, 200_000, 2_000_000))
    said = chance.choice((size, 10**9, 10**18))
    head = request("POST", "/api/chat", "Content-Type: application/json", f"Content-Length: {said}")
    return (head, *[b" " * 20_000] * (size // 20_000))


def many_headers(chance: random.Random) -> Sent:
    count = chance.choice((99, 101, 1000, 5000))
    return (request("GET", _target(chance), *(f"X-{n}: {n}" for n in range(count))),)


def chunked(chance: random.Random) -> Sent:
    sizes = (
        b"0",
        b"1",
        b"5",
        b"ffffffff",
        b"5;ext=" + b"x" * 5000,
        b"-1",
        b"0x2",
        b"",
        b"zz",
        b"2\n",
        b"00000000000002",
    )
    body = b"".join(
        chance.choice(sizes) + b"\r\n" + chance.randbytes(3) + b"\r\n" for _ in range(chance.randint(1, 5))
    )
    trailers = b"".join(b"X-T%d: 1\r\n" % n for n in range(chance.choice((0, 1, 500))))
    head = request("POST", "/api/chat", "Content-Type: application/json", "Transfer-Encoding: chunked")
    return (head + body + b"0\r\n" + trailers + b"\r\n",)


def smuggled(chance: random.Random) -> Sent:
    framing = chance.sample(
        (
            "Content-Length: 4",
            "Content-Length: 40",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: xchunked",
        ),
        2,
    )
    inner = request("GET", "/api/health/live")
    return (request("POST", _target(chance), *framing, *_headers(chance), body=b"0\r\n\r\n" + inner),)


def noise(chance: random.Random) -> Sent:
    return (chance.randbytes(chance.choice((1, 10, 1000, 50_000))) + b"\r\n\r\n",)


def mutated(chance: random.Random) -> Sent:
    """A good request with some bytes changed."""
    body = b'{"message":"Which secrets does the Space need?"}'
    good = bytearray(
        request(
            "POST", "/api/chat", "Content-Type: application/json", f"Content-Length: {len(body)}", body=body
        )
    )
    for _ in range(chance.randint(1, 4)):
        good[chance.randrange(len(good))] = chance.choice((0, 9, 10, 13, 32, 58, 255, chance.randrange(256)))
    return (bytes(good),)


def in_pieces(chance: random.Random) -> Sent:
    whole = b"".join(chance.choice((bare, documents, chunked, mutated))(chance))
    cuts = sorted(chance.sample(range(len(whole) + 1), min(3, len(whole))))
    return tuple(whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True))


def pipelined(chance: random.Random) -> Sent:
    return (b"".join(part for _ in range(chance.randint(2, 30)) for part in bare(chance)),)


def left_early(chance: random.Random) -> Sent:
    """The head of a question, and its body cut off; or nothing at all."""
    return (chance.choice((b"", b"POST", documents(chance)[0][: chance.randint(1, 200)])),)


KINDS: tuple[Kind, ...] = (
    bare,
    bare,
    documents,
    documents,
    deep,
    oversize,
    many_headers,
    chunked,
    smuggled,
    noise,
    mutated,
    mutated,
    in_pieces,
    pipelined,
    left_early,
)


def hostile(number: int) -> tuple[str, Sent]:
    chance = random.Random(f"{SEED}:{number}")
    kind = chance.choice(KINDS)
    return f"{kind.__name__}, number {number} of seed {SEED}", kind(chance)


@pytest.mark.timeout(120 + REQUESTS)
async def test_no_hostile_request_is_a_bug_or_leaves_anything_behind(attacked: RunningServer):
    statuses: Counter[int] = Counter()
    bugs: list[str] = []
    gate = asyncio.Semaphore(AT_ONCE)

    async def attack(number: int) -> None:
        what, sent = hostile(number)
        async with gate:
            reply = await exchange(attacked.port, *sent, patience=1.5, pause=0.0)
        statuses.update(reply.statuses or [0])
        if any(status >= 500 for status in reply.statuses):
            bugs.append(f"{what}: {reply.data[:300]!r}")

    await asyncio.gather(*(attack(number) for number in range(REQUESTS)))
    assert not bugs, bugs[:5]
    # The attack must reach every layer: the parser, the checks, the routes, and answers.
    assert {200, 400, 404, 405, 413, 415, 422, 431} <= statuses.keys(), statuses
    await established(attacked, 0)
    reply = await exchange(attacked.port, request("GET", "/api/health", "Connection: close"))
    assert reply.statuses == [200]


def test_a_number_always_makes_the_same_request():
    assert [hostile(number) for number in range(50)] == [hostile(number) for number in range(50)]
    assert UUID(ID).version == 4
