"""How each fault is made to happen to each service."""

import json
from collections.abc import Awaitable, Callable, Mapping

from tests.support.faults.proxy import Behaviour, FaultyProxy
from tests.support.faults.world import DATABASE, GEMINI, QDRANT, World
from tests.support.gemini import replies
from tests.support.gemini.replies import Canned

Inject = Callable[[World], Awaitable[None]]

WAIT_S = 1
"""How long Gemini asks to wait where its quota of a minute is spent."""

SLOW_S = 0.05
"""How late each piece of a slow service's answer is."""

_ONLY = {"qdrant": b"/points/query", "generation": b":streamGenerateContent", "embeddings": b"mbedContent"}
"""What tells the requests that are meant: Gemini's two services share a host."""

_HALF_AN_ANSWER = {"qdrant": 400, "generation": 700, "embeddings": 400, "postgres": 40}
"""Bytes of the answer that are there when it breaks off; of the model's, some words are."""


def http(canned: Canned, **headers: str) -> bytes:
    """A whole HTTP response, after which the connection is closed."""
    named = {"Content-Type": canned.content_type, "Content-Length": str(len(canned.body))}
    named |= {"Connection": "close"} | {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {canned.status} Said\r\n{head}\r\n".encode() + canned.body


def postgres_error(sqlstate: str, text: str) -> bytes:
    """An ErrorResponse of PostgreSQL's protocol, as it ends a connection."""
    fields = {"S": "FATAL", "V": "FATAL", "C": sqlstate, "M": text}
    body = b"".join(f"{name}{value}\0".encode() for name, value in fields.items()) + b"\0"
    return b"E" + (len(body) + 4).to_bytes(4) + body


def _qdrant_error(status: int, text: str) -> Canned:
    return Canned(json.dumps({"status": {"error": text}, "time": 0.0}).encode(), status)


_HTML = Canned(b"<html>a gateway's page</html>", 200, "text/html")

_QDRANT_SAYS = {
    "401": http(Canned(b"Invalid API key or JWT", 401, "text/plain")),
    "403": http(Canned(b"Forbidden", 403, "text/plain")),
    "429 per minute": http(_qdrant_error(429, "Rate limiting exceeded"), Retry_After="7"),
    "500": http(_qdrant_error(500, "Service internal error")),
    "503": http(Canned(b"upstream connect error", 503, "text/plain")),
    "malformed body": http(_HTML),
}
_GEMINI_SAYS = {
    "401": http(replies.unauthenticated()),
    "403": http(replies.permission_denied()),
    "429 per minute": http(replies.quota_exceeded(per="Minute", retry_after_s=WAIT_S)),
    "429 per day": http(replies.quota_exceeded(per="Day")),
    "500": http(replies.internal_error()),
    "503": http(replies.overloaded()),
    "malformed body": http(_HTML),
}
_POSTGRES_SAYS = {
    "500": postgres_error("53300", "sorry, too many clients already"),
    "503": postgres_error("57P03", "the database system is starting up"),
    "malformed body": http(_HTML),
}
_SAYS: Mapping[str, Mapping[str, bytes]] = {
    "qdrant": _QDRANT_SAYS,
    "postgres": _POSTGRES_SAYS,
    "generation": _GEMINI_SAYS,
    "embeddings": _GEMINI_SAYS,
}
_HOST = {"qdrant": QDRANT, "postgres": DATABASE, "generation": GEMINI, "embeddings": GEMINI}


def proxy_of(world: World, service: str) -> FaultyProxy:
    return {"qdrant": world.qdrant, "postgres": world.database}.get(service, world.gemini)


async def inject(world: World, service: str, fault: str) -> None:
    """From now on, until `world.restore`, the fault is there."""
    proxy, only = proxy_of(world, service), _ONLY.get(service, b"")
    if fault in ("refused", "away at the start"):
        proxy.refuse()
    elif fault == "unreachable":
        proxy.vanish()
    elif fault == "TLS failure":
        proxy.present(world.strangers)
    elif fault == "DNS failure":
        world.names.unknown.add(_HOST[service])
    elif service == "postgres" and fault == "401":
        await world.postgres.execute(f"ALTER ROLE {world.role} PASSWORD 'changed'")
        proxy.cut()
    else:
        proxy.misbehave(_behaviour(service, fault), only=only)


def _behaviour(service: str, fault: str) -> Behaviour:
    if fault == "black-holed":
        return Behaviour(holds=True)
    if fault == "slow":
        return Behaviour(delay=SLOW_S)
    if fault == "reset mid-stream":
        return Behaviour(cut_after=_HALF_AN_ANSWER[service])
    if fault == "stalls mid-stream":
        return Behaviour(stalls_after=_HALF_AN_ANSWER[service])
    return Behaviour(reply=_SAYS[service][fault])
