"""The connections to Redis: every call bounded, an outage met by going on alone, and the way back.

redis-py is imported here alone, in a thread, and only where REDIS_URL is set.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog

from ragspace.errors import Reason

log = structlog.get_logger(__name__)

T = TypeVar("T")

Redis = Any
"""A `redis.asyncio.Redis`, whose own types leave open whether bytes or text come back (here: bytes)."""

CONNECTIONS = 8
"""How many connections a replica uses at most, besides the one that waits for events."""

BLOCK_SECONDS = 5.0
"""How long that one waits before it asks again."""

FIRST_RETRY_S = 0.25
LAST_RETRY_S = 5.0

_ACTIONS: dict[Reason, str] = {
    "unauthorized": "Check the user and the password in REDIS_URL, and what the user may do.",
    "timeout": "Check that Redis runs at the address in REDIS_URL and is not overloaded.",
    "unreachable": "Check that Redis runs and can be reached at the address in REDIS_URL.",
    "error": "Look at Redis: it is reached and refuses commands (memory full, read-only, loading?).",
}


class Away(Exception):
    """Redis cannot be asked now."""


class Link:
    """Redis at `url`. `call_seconds` bounds each call, connecting and one repetition included."""

    def __init__(self, url: str, call_seconds: float = 1.0) -> None:
        self._url = url
        self._call_seconds = call_seconds
        self._redis: Redis = None
        self._waiting: Redis = None
        self._connected = asyncio.Event()
        self._since = 0.0
        self._recovery: asyncio.Task[None] | None = None
        self._closed = False
        self.on_connected: list[Callable[[], None]] = []
        """Called whenever Redis can be asked again, the first time included."""
        self.reason: Reason | None = None
        self.checked_at: datetime | None = None

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    @property
    def connected_seconds(self) -> float:
        """For how long Redis could be asked without a failure; 0 while it cannot."""
        return asyncio.get_running_loop().time() - self._since if self.connected else 0.0

    @property
    def pool(self) -> Any:
        """The connections. Raises Away before the first attempt to connect."""
        if self._redis is None:
            raise Away
        return self._redis.connection_pool

    def report(self) -> dict[str, Any]:
        """The state as health tells it."""
        told: dict[str, Any] = {"status": "connected" if self.connected else "starting"}
        if self.reason is not None:
            told |= {"status": "unavailable", "reason": self.reason, "action": _ACTIONS[self.reason]}
        if self.checked_at is not None:
            told["checked_at"] = self.checked_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return told

    def open(self) -> None:
        """Begin to connect; returns at once."""
        self._recover()

    async def close(self) -> None:
        self._closed = True
        self._connected.clear()
        if self._recovery is not None:
            self._recovery.cancel()
            await asyncio.gather(self._recovery, return_exceptions=True)
        for redis in (self._redis, self._waiting):
            if redis is not None:
                await redis.aclose(close_connection_pool=True)

    async def call(self, work: Callable[..., Awaitable[T]], *given: Any) -> T:
        """What `work` returns, which is given the client and `given`. Raises Away."""
        if self._redis is None or not self.connected:
            raise Away
        return await self._bounded(work(self._redis, *given), self._call_seconds)

    async def wait_for(self, work: Callable[[Redis, int], Awaitable[T]]) -> T:
        """What `work` returns, which is given the milliseconds that it may block. Raises Away."""
        if self._waiting is None or not self.connected:
            raise Away
        waiting = work(self._waiting, int(BLOCK_SECONDS * 1000))
        return await self._bounded(waiting, BLOCK_SECONDS + 2 * self._call_seconds)

    async def until_connected(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._connected.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _bounded(self, work: Awaitable[T], seconds: float) -> T:
        from redis.exceptions import RedisError

        try:
            async with asyncio.timeout(seconds):
                return await work
        except (RedisError, OSError, TimeoutError) as error:
            self._lost(error)
            raise Away from None

    def _lost(self, error: Exception) -> None:
        from redis import exceptions

        refused = (exceptions.AuthenticationError, exceptions.NoPermissionError)
        if isinstance(error, refused):
            reason: Reason = "unauthorized"
        elif isinstance(error, TimeoutError | exceptions.TimeoutError):
            reason = "timeout"
        elif isinstance(error, OSError | exceptions.ConnectionError):
            reason = "unreachable"
        else:
            reason = "error"
        if self.reason != reason:
            log.warning("redis is unavailable: this replica goes on alone", reason=reason)
        self.reason, self.checked_at = reason, datetime.now(UTC)
        self._connected.clear()
        self._recover()

    def _recover(self) -> None:
        if not self._closed and (self._recovery is None or self._recovery.done()):
            self._recovery = asyncio.create_task(self._reconnect())

    async def _reconnect(self) -> None:
        pause = FIRST_RETRY_S
        while not await self._reached():
            # Spread, so that all replicas do not come back at the same moment.
            await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311
            pause = min(pause * 2, LAST_RETRY_S)
        if self.reason is not None:
            log.info("redis is back")
        self.reason, self.checked_at = None, datetime.now(UTC)
        self._since = asyncio.get_running_loop().time()
        self._connected.set()
        for callback in self.on_connected:
            callback()

    async def _reached(self) -> bool:
        try:
            if self._redis is None or self._waiting is None:
                self._redis, self._waiting = await asyncio.to_thread(self._clients)
            # Only a write shows that it is no read-only copy, and not full.
            reached = self._redis.set("ragspace:reached", 1, ex=60)
            await self._bounded(reached, 2 * self._call_seconds)
        except Away:
            return False
        return True

    def _clients(self) -> tuple[Redis, Redis]:
        from redis import asyncio as redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        def client(connections: int, read_seconds: float) -> Redis:
            pool = redis.BlockingConnectionPool.from_url(
                self._url,
                max_connections=connections,
                timeout=self._call_seconds,
                socket_connect_timeout=self._call_seconds,
                socket_timeout=read_seconds,
                socket_keepalive=True,
                # A connection that was closed while it was idle is replaced without a failure.
                retry=Retry(NoBackoff(), 1),
                protocol=2,
            )
            return redis.Redis.from_pool(pool)

        return client(CONNECTIONS, self._call_seconds), client(1, BLOCK_SECONDS + self._call_seconds)
