"""Calls to the services behind the answer: one connection pool per service, failures told by their reason."""

import asyncio
import io
import random
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from ragspace.circuit import Circuit
from ragspace.errors import Reason

WHOLE_BODY_BYTES = 1 << 20
"""A body up to this size is given to the connection at once; a bigger one in pieces, so that the event loop
is not held up."""

MAX_RESPONSE_BYTES = 64 << 20
"""After decompression; no batch of vectors or passages comes near it."""

MAX_FAILURE_BYTES = 64 << 10
"""How much of what a service sends with a failure is looked at: more is not what it has to say."""

MAX_RETRY_AFTER = 24 * 60 * 60
"""Seconds; what is asked for beyond a day is tried again then."""

REPEAT_PAUSE_SECONDS = 0.1
"""The longest pause before a call is repeated; each is drawn at random, so that callers come one by one."""

PASSING_STATUS = frozenset({500, 502, 503})
"""What may have passed a moment later. 504 is not among them: it has taken its time already."""

_REASON_BY_STATUS: dict[int, Reason] = {
    401: "unauthorized",
    403: "unauthorized",
    408: "timeout",
    429: "quota_exceeded",
    504: "timeout",
}


@dataclass
class UpstreamFailure(Exception):
    """A call that failed. `body` is what the service sent, for the caller only: never shown or logged.
    `untrusted`: no encrypted connection to it could be made, as with a certificate that is not its own."""

    reason: Reason
    status: int | None = None
    body: Any = field(default=None, repr=False)
    retry_after: int | None = None
    untrusted: bool = False

    def __str__(self) -> str:
        return self.reason if self.status is None else f"{self.reason} ({self.status})"


def failure_of(error: BaseException) -> UpstreamFailure:
    """What a transport's exception means."""
    if isinstance(error, TimeoutError):
        return UpstreamFailure("timeout")
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return UpstreamFailure("unreachable", untrusted=True)
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError | OSError):
        return UpstreamFailure("unreachable")
    return UpstreamFailure("error")


def repeatable(failure: UpstreamFailure) -> bool:
    """Whether the same call may well succeed when it is made again at once."""
    return failure.status in PASSING_STATUS or broke(failure)


def broke(failure: UpstreamFailure) -> bool:
    """Whether the connection broke, or none was made, without a response."""
    return failure.status is None and failure.reason == "unreachable" and not failure.untrusted


def repeat_pause() -> float:
    """Seconds, drawn anew each time."""
    return random.uniform(0, REPEAT_PAUSE_SECONDS)  # noqa: S311 (spreads load, guards nothing)


class Upstream:
    """One HTTP service at `base_url`, asked with `headers` on every call.

    `connect_timeout` and `timeout` are seconds: to a connection, and between two reads (so that a stream may
    last as long as it keeps coming). The pool keeps idle connections `keepalive` seconds. Certificates are
    verified by the system's authorities, or by `tls`.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        *,
        connect_timeout: float = 5.0,
        timeout: float = 30.0,
        keepalive: float = 60.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._headers = dict(headers or {})
        to_connect = {"connect": connect_timeout, "sock_connect": connect_timeout}
        self._connecting = aiohttp.ClientTimeout(total=None, **to_connect)
        self._timeout = aiohttp.ClientTimeout(total=None, sock_read=timeout, **to_connect)
        self._seconds = timeout
        self._keepalive = keepalive
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self.circuit = Circuit()

    async def open(self) -> None:
        self._connected()

    def _connected(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0, keepalive_timeout=self._keepalive, ttl_dns_cache=300, ssl=self._tls or True
                ),
                headers={**self._headers, "User-Agent": "ragspace"},
                timeout=self._timeout,
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        begin_by: float | None = None,
        regardless: bool = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The response with its head read and its body to come. `begin_by` (the event loop's time) bounds the
        wait for the head; who gives it bounds the reading of the body, too, which `timeout` then does not.
        `regardless` asks although the circuit is open, as checks and ingestion do.

        Raises UpstreamFailure, also for failures while the body is read inside the `async with`.
        """
        if not regardless and (reason := self.circuit.refusal()) is not None:
            raise UpstreamFailure(reason)
        since = self.circuit.now()
        try:
            async with asyncio.timeout_at(begin_by):
                response = await self._connected().request(
                    method,
                    self.base_url + path,
                    data=None if json is None else _body(json),
                    params=params,
                    headers=None if json is None else {"Content-Type": "application/json"},
                    timeout=self._timeout if begin_by is None else self._connecting,
                    # The key would travel along to wherever the answer points.
                    allow_redirects=False,
                )
            del json  # long, and not read again while the response lasts
            async with response:
                if response.status >= 300:
                    async with asyncio.timeout_at(begin_by):
                        raise await _failure(response)
                yield response
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            failure = failure_of(error)
            self._lost(failure, since)
            raise failure from None
        except UpstreamFailure as failure:
            if failure.status is None:
                self._lost(failure, since)
            else:
                self._answered(regardless)
            raise
        except BaseException:
            self.circuit.given_up()
            raise
        self._answered(regardless)

    def _lost(self, failure: UpstreamFailure, since: float) -> None:
        if failure.reason in ("timeout", "unreachable"):
            self.circuit.failed(failure.reason, since)
        else:
            self.circuit.answered()

    def _answered(self, regardless: bool) -> None:
        if regardless:
            self.circuit.checked()
        else:
            self.circuit.answered()

    async def call(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        timeout: float | None = None,
        repeat: bool = False,
        regardless: bool = False,
    ) -> Any:
        """The decoded JSON body. `timeout` (default: the service's own) bounds each try, in seconds; `repeat`
        says that the call changes nothing, or nothing more the second time, so that it may be made again.

        Raises UpstreamFailure.
        """
        try:
            return await self._try(method, path, json, params, timeout, regardless)
        except UpstreamFailure as failure:
            if not (repeat and repeatable(failure) and self.circuit.may_repeat()):
                raise
        await asyncio.sleep(repeat_pause())
        return await self._try(method, path, json, params, timeout, regardless)

    async def _try(
        self,
        method: str,
        path: str,
        json: Any,
        params: Mapping[str, str] | None,
        timeout: float | None,
        regardless: bool,
    ) -> Any:
        end_by = asyncio.get_running_loop().time() + (timeout or self._seconds)
        try:
            async with self.stream(
                method, path, json, params=params, begin_by=end_by, regardless=regardless
            ) as response:
                async with asyncio.timeout_at(end_by):
                    return orjson.loads(await whole_body(response))
        except orjson.JSONDecodeError:
            raise UpstreamFailure("error") from None


def _body(json: Any) -> bytes | io.BytesIO:
    encoded = orjson.dumps(json, option=orjson.OPT_SERIALIZE_NUMPY)
    return encoded if len(encoded) < WHOLE_BODY_BYTES else io.BytesIO(encoded)


async def whole_body(response: aiohttp.ClientResponse, most: int = MAX_RESPONSE_BYTES) -> bytes:
    """The body. Raises UpstreamFailure (`error`) where it has more than `most` bytes: compressed, a few
    may stand for gigabytes."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > most:
            raise UpstreamFailure("error")
    return bytes(body)


async def _failure(response: aiohttp.ClientResponse) -> UpstreamFailure:
    try:
        body = orjson.loads(await whole_body(response, MAX_FAILURE_BYTES))
    except (orjson.JSONDecodeError, aiohttp.ClientError, UpstreamFailure):
        body = None
    reason = _REASON_BY_STATUS.get(response.status, "error")
    return UpstreamFailure(reason, response.status, body, _retry_after(response))


def _retry_after(response: aiohttp.ClientResponse) -> int | None:
    seconds = response.headers.get("Retry-After", "")
    return min(int(seconds[:9]), MAX_RETRY_AFTER) if seconds.isascii() and seconds.isdigit() else None
