"""A deployment as a visitor meets it: requests from outside, and every byte that came back."""

import ipaddress
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import orjson
from multidict import CIMultiDictProxy

from ragspace.errors import RagspaceError

REQUEST_SECONDS = 30.0
SILENCE_SECONDS = 75.0
"""How long a stream may be silent; the Spaces edge itself gives up after about 60."""

MAX_BODY_BYTES = 8 * 1024 * 1024
SPACES_DOMAIN = ".hf.space"


@dataclass
class SiteFailure(Exception):
    """A request that got no whole answer; `reason` is said as part of a sentence and holds no secret."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; `seconds` from the request to its last byte."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    seconds: float

    @property
    def json(self) -> Any:
        """The decoded body; None where it is no JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    @property
    def error(self) -> dict[str, Any]:
        """`error` of the error's body as docs/api.md has it; empty where it has another form."""
        told = self.json
        found = told.get("error") if isinstance(told, dict) else None
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True)
class Received:
    """What came back for one request: head and body, as they came."""

    request: str
    content: bytes


@dataclass(frozen=True)
class Address:
    """Where a deployment is: `url` without a slash at its end."""

    url: str

    @classmethod
    def of(cls, given: str) -> Self:
        """Raises RagspaceError for what is no address of a deployment."""
        try:
            parts = urlsplit(given.strip())
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable or parts.username is not None:
            raise RagspaceError(
                "This is no address of a deployment.",
                action="Give it with its scheme, such as https://me-demo.hf.space",
            )
        if parts.hostname == "huggingface.co":
            raise RagspaceError(
                "This is the Space's page on the Hub, not the address under which it answers.",
                action="Open the page's menu ⋮, choose “Embed this Space”, and take the direct URL: "
                "https://….hf.space",
            )
        return cls(f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}")

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def secure(self) -> bool:
        return self.url.startswith("https://")

    @property
    def loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost" or self.host.endswith(".localhost")

    @property
    def on_spaces(self) -> bool:
        """Whether the edge of Hugging Face Spaces stands in front."""
        return self.host.endswith(SPACES_DOMAIN)


@dataclass
class Site:
    """Requests to one deployment. `token` is sent once `authorized` says so, `key` once `keyed` does;
    redirects are not followed, so that they reach nobody else. Everything received is kept in `received`."""

    address: Address
    token: str | None = None
    authorized: bool = False
    key: str | None = None
    keyed: bool = False
    received: list[Received] = field(default_factory=list)
    _session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "ragspace-verify"},
            connector=aiohttp.TCPConnector(ssl=ssl.create_default_context() if self.address.secure else True),
        )
        return self

    async def __aexit__(self, *exception: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = REQUEST_SECONDS,
    ) -> Reply:
        """The whole answer, whatever its status. Raises SiteFailure."""
        started = time.perf_counter()
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with self.open(method, path, json=json, headers=headers, timeout=timeout) as response:
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise SiteFailure("its answer is endless")
        self.received.append(Received(f"{method} {path}", bytes(body)))
        return Reply(response.status, response.headers, bytes(body), time.perf_counter() - started)

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: aiohttp.ClientTimeout | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer with its head read; raises SiteFailure, also while the body is read inside."""
        if self._session is None:
            raise RuntimeError("a site is entered before it is asked")
        sent = dict(headers or {})
        if self.token is not None and self.authorized:
            sent["Authorization"] = f"Bearer {self.token}"
        if self.key is not None and self.keyed:
            # The other header may be the platform's, as in front of a private Space.
            sent["X-API-Key"] = self.key
        try:
            async with self._session.request(
                method,
                self.address.url + path,
                json=json,
                headers=sent,
                allow_redirects=False,
                timeout=timeout or aiohttp.ClientTimeout(total=None, connect=15, sock_read=SILENCE_SECONDS),
            ) as response:
                head = b"\r\n".join(b"%b: %b" % pair for pair in response.raw_headers)
                self.received.append(Received(f"{method} {path}, head", head))
                yield response
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise SiteFailure(reason_of(error)) from None


def reason_of(error: BaseException) -> str:
    """Why there was no answer, in words that stand after "because"."""
    match error:
        case TimeoutError():
            return "nothing came in time"
        case aiohttp.ClientConnectorDNSError():
            return "no such host is known"
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return "its TLS connection failed"
        case aiohttp.ClientConnectorError():
            return "nothing listens there"
        case aiohttp.ClientPayloadError():
            return "the answer was cut off"
        case aiohttp.ServerDisconnectedError() | ConnectionError():
            return "the connection was closed without an answer"
        case _:
            return "its answer is not HTTP"
