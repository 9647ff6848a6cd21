"""Redis, where several replicas share one: reached, encrypted or not, accepted, and new enough."""

import asyncio
import ssl
import time
from collections.abc import AsyncGenerator, Iterator
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ragspace.database_url import is_local
from ragspace.space.checks import Check

NAME = "redis"
OLDEST = (6, 2)
"""The first whose XADD takes NOMKSTREAM."""

CALL_SECONDS = 5.0
DEFAULT_PORT = 6379

NOT_REACHED = "Check that Redis runs, and the host and the port in REDIS_URL."
REFUSED = "Check the user and the password in REDIS_URL: a default user has none before the colon."


async def check_redis(url: str, *, on_space: bool) -> AsyncGenerator[Check, None]:
    """As a replica uses it; a key that lives for a second is all that is written."""
    if on_space:
        yield Check(
            NAME,
            "warning",
            "A Space is one replica, without a client of Redis: deploy does not send REDIS_URL there.",
            "Leave it out, too, where you set a Space's secrets by hand: the application would not start.",
        )
        return
    if find_spec("redis") is None:
        yield Check(NAME, "failed", "redis-py is not installed.", "Install it: pip install 'ragspace[redis]'")
        return
    client = await asyncio.to_thread(_client, url)
    try:
        async with asyncio.timeout(2 * CALL_SECONDS):
            started = time.monotonic()
            await client.ping()
            milliseconds = (time.monotonic() - started) * 1000
            yield Check(NAME, "ok", f"It is reached and accepts REDIS_URL, in {milliseconds:.0f} ms.")
            yield _encryption(url)
            yield await _version(client)
            yield await _writing(client)
    except Exception as error:
        check = await _failed(url, error)
        if check is None:
            raise
        yield check
    finally:
        await client.aclose(close_connection_pool=True)


def _client(url: str) -> Any:
    from redis import asyncio as redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    return redis.Redis.from_url(
        url,
        socket_connect_timeout=CALL_SECONDS,
        socket_timeout=CALL_SECONDS,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )


def _encryption(url: str) -> Check:
    name = "redis encryption"
    if urlsplit(url).scheme == "rediss":
        unverified = dict(parse_qsl(urlsplit(url).query)).get("ssl_cert_reqs", "required") != "required"
        if unverified:
            fix = "Leave ssl_cert_reqs out of REDIS_URL."
            return Check(name, "warning", "TLS, the certificate is not verified.", fix)
        return Check(name, "ok", "TLS, the certificate is verified.")
    if is_local(urlsplit(url).hostname or ""):
        return Check(name, "ok", "None, on this machine.")
    return Check(
        name,
        "warning",
        "None: the password and answers can be read on the way.",
        "Write rediss:// in REDIS_URL where Redis offers TLS; else keep the way to it private.",
    )


async def _version(client: Any) -> Check:
    from redis.exceptions import ResponseError

    name = "redis version"
    least = ".".join(map(str, OLDEST))
    try:
        told = str((await client.info("server"))["redis_version"])
        version = tuple(int(part) for part in told.split(".")[:2])
    except (ResponseError, KeyError, ValueError):
        return Check(name, "warning", "It does not tell its version.", f"See that it is {least} or newer.")
    if version < OLDEST:
        return Check(name, "failed", f"{told} is too old.", f"Use Redis {least} or newer.")
    return Check(name, "ok", f"{told}.")


async def _writing(client: Any) -> Check:
    from redis.exceptions import NoPermissionError, ReadOnlyError, ResponseError

    name = "redis writes"
    try:
        await client.set("ragspace:doctor", 1, ex=1)
    except ReadOnlyError:
        return Check(name, "failed", "It is a read-only copy.", "Let REDIS_URL name the primary.")
    except NoPermissionError:
        fix = "Let the user read and write keys and channels that begin with ragspace:"
        return Check(name, "failed", "The user of REDIS_URL may not write.", fix)
    except ResponseError as error:
        if str(error).startswith("MOVED"):
            return Check(name, "failed", "It is a cluster.", "Use one server, or one with copies.")
        return Check(name, "failed", "It takes no writes.", "Look at its memory, its disk and its log.")
    return Check(name, "ok", "They are taken.")


async def _failed(url: str, error: Exception) -> Check | None:
    """What the failure means; None where it is none of Redis'."""
    from redis import exceptions

    if isinstance(error, exceptions.AuthenticationError | exceptions.NoPermissionError):
        return Check(NAME, "failed", "It does not accept the user or the password.", REFUSED)
    parts = urlsplit(url)
    encrypted = parts.scheme == "rediss"
    if any(isinstance(part, ssl.SSLCertVerificationError) for part in _layers(error)):
        return Check(
            NAME,
            "failed",
            "Its certificate cannot be trusted.",
            "Check the host in REDIS_URL; for an authority of your own add ?ssl_ca_certs=<file>.",
        )
    if not isinstance(error, exceptions.RedisError | OSError | TimeoutError):
        return None
    host, port = parts.hostname or "", parts.port or DEFAULT_PORT
    if encrypted and await _speaks_plainly(host, port):
        fix = "Write redis:// in REDIS_URL, or switch TLS on in Redis."
        return Check(NAME, "failed", "It does not speak TLS at this port.", fix)
    if not encrypted and await _speaks_tls(host, port):
        return Check(NAME, "failed", "It speaks TLS at this port.", "Write rediss:// in REDIS_URL.")
    if isinstance(error, exceptions.ResponseError):
        return Check(NAME, "failed", "It is reached and refuses commands.", "Look at its log.")
    slow = any(isinstance(part, TimeoutError | exceptions.TimeoutError) for part in _layers(error))
    told = "It did not answer in time." if slow else "It cannot be reached."
    return Check(NAME, "failed", told, NOT_REACHED)


def _layers(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


async def _speaks_plainly(host: str, port: int) -> bool:
    """Whether Redis answers there without TLS, be it that it wants a password first."""
    try:
        async with asyncio.timeout(CALL_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(b"PING\r\n")
                return (await reader.read(16)).startswith((b"+PONG", b"-NOAUTH", b"-NOPERM", b"-DENIED"))
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        return False


async def _speaks_tls(host: str, port: int) -> bool:
    """Whether a TLS server is there; nothing is sent to it, so whose it is does not matter."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(CALL_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
            writer.transport.abort()
    except (OSError, TimeoutError):
        return False
    return True
