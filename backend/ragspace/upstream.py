"""Calls to the services behind the answer: one connection pool per service, failures told by their reason."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from ragspace.errors import Reason

_REASON_BY_STATUS: dict[int, Reason] = {
    401: "unauthorized",
    403: "unauthorized",
    408: "timeout",
    429: "quota_exceeded",
    504: "timeout",
}


@dataclass
class UpstreamFailure(Exception):
    """A call that failed. `body` is what the service sent, for the caller only: never shown or logged."""

    reason: Reason
    status: int | None = None
    body: Any = field(default=None, repr=False)
    retry_after: int | None = None

    def __str__(self) -> str:
        return self.reason if self.status is None else f"{self.reason} ({self.status})"


def reason_of(error: BaseException) -> Reason:
    """The reason behind a transport failure."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError | ssl.SSLError | OSError):
        return "unreachable"
    return "error"


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
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=connect_timeout, sock_connect=connect_timeout, sock_read=timeout
        )
        self._keepalive = keepalive
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

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
        timeout: float | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The response with its head read and its body to come; `timeout` bounds each read, in seconds.

        Raises UpstreamFailure, also for failures while the body is read inside the `async with`.
        """
        limits = self._timeout
        if timeout is not None:
            limits = aiohttp.ClientTimeout(
                total=None, connect=limits.connect, sock_connect=limits.sock_connect, sock_read=timeout
            )
        try:
            async with self._connected().request(
                method,
                self.base_url + path,
                data=None if json is None else orjson.dumps(json, option=orjson.OPT_SERIALIZE_NUMPY),
                params=params,
                headers=None if json is None else {"Content-Type": "application/json"},
                timeout=limits,
                # The key would travel along to wherever the answer points.
                allow_redirects=False,
            ) as response:
                if response.status >= 300:
                    raise await _failure(response)
                yield response
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise UpstreamFailure(reason_of(error)) from None

    async def call(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Any:
        """The decoded JSON body. `timeout` (default: the service's own) bounds the whole call, in seconds.

        Raises UpstreamFailure.
        """
        try:
            async with (
                asyncio.timeout(timeout or self._timeout.sock_read),
                self.stream(method, path, json, params=params) as response,
            ):
                return orjson.loads(await response.read())
        except TimeoutError:
            raise UpstreamFailure("timeout") from None
        except orjson.JSONDecodeError:
            raise UpstreamFailure("error") from None


async def _failure(response: aiohttp.ClientResponse) -> UpstreamFailure:
    try:
        body = orjson.loads(await response.read())
    except (orjson.JSONDecodeError, aiohttp.ClientError):
        body = None
    retry_after = response.headers.get("Retry-After", "")
    return UpstreamFailure(
        _REASON_BY_STATUS.get(response.status, "error"),
        response.status,
        body,
        int(retry_after) if retry_after.isdigit() else None,
    )
