"""How many requests a client may send."""

import math
import time

from fastapi import Request
from limits import RateLimitItem, parse
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter

from ragspace.api.clients import client_of
from ragspace.errors import RateLimited
from ragspace.moving_window import MovingWindows

OTHER_REQUESTS = 10
"""How many times as many requests that ask no question (but the storage) a client may send."""


class RateLimit:
    """`limit` (such as `30/minute`) questions per client, over a moving window, and ten times as many other
    requests. A client is told apart by what `hops` trusted proxies in front say. `storage` is where it is
    counted (default: in this process)."""

    def __init__(self, limit: str, hops: int, storage: Storage | None = None) -> None:
        self._questions = parse(limit)
        self._others = type(self._questions)(
            self._questions.amount * OTHER_REQUESTS, self._questions.multiples, namespace="OTHERS"
        )
        self._hops = hops
        self._limiter = MovingWindowRateLimiter(storage or MovingWindows())

    async def admit_question(self, request: Request) -> str:
        """Count the question and return its client. Raises RateLimited with the seconds until one more is
        taken."""
        return await self._admit(self._questions, request)

    async def admit(self, request: Request) -> None:
        """Count a request that asks no question. Raises RateLimited."""
        await self._admit(self._others, request)

    async def _admit(self, limit: RateLimitItem, request: Request) -> str:
        client = client_of(request.scope, self._hops)
        if not await self._limiter.hit(limit, client):
            renewal = (await self._limiter.get_window_stats(limit, client)).reset_time
            raise RateLimited(retry_after=max(1, math.ceil(renewal - time.time())))
        return client


async def within_rate_limit(request: Request) -> None:
    """For routes: raises RateLimited where the client sent too many requests."""
    rate_limit: RateLimit = request.app.state.rate_limit
    await rate_limit.admit(request)
