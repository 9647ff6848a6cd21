"""How many questions a client may ask, and who the client is."""

import math
import time

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.requests import Request

from ragspace.errors import RateLimited


class RateLimit:
    """`limit` (such as `30/minute`) per client, over a moving window.

    A client is the `hops`-th entry of X-Forwarded-For from the right, which the nearest trusted proxy
    appended; the entries left of it are the client's own words. With no proxy it is the peer's address.
    """

    def __init__(self, limit: str, hops: int) -> None:
        self._limit = parse(limit)
        self._hops = hops
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def admit(self, request: Request) -> None:
        """Count the request. Raises RateLimited with the seconds until one more is taken."""
        client = self.client(request)
        if not await self._limiter.hit(self._limit, client):
            renewal = (await self._limiter.get_window_stats(self._limit, client)).reset_time
            raise RateLimited(retry_after=max(1, math.ceil(renewal - time.time())))

    def client(self, request: Request) -> str:
        peer = request.client.host if request.client else "unknown"
        if self._hops == 0:
            return peer
        lines = request.headers.getlist("x-forwarded-for")
        forwarded = [entry.strip() for line in lines for entry in line.split(",")]
        return forwarded[-self._hops] if len(forwarded) >= self._hops else peer
