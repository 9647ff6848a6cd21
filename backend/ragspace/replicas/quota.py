"""One quota ledger for all replicas: what Gemini told one of them, and what all of them asked."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

from ragspace.models.quota import MINUTE, LocalQuotaLedger, Quota, Spent
from ragspace.replicas import keys
from ragspace.replicas.link import Away, Link, Redis

_ADMIT = """
local spent = redis.call('GET', KEYS[1])
if spent then return {spent, -1} end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[1] - ARGV[3])
local sent = redis.call('ZCARD', KEYS[3])
local limit = tonumber(redis.call('GET', KEYS[2]))
if limit and limit > 0 and sent >= limit then
    local oldest = redis.call('ZRANGE', KEYS[3], -limit, -limit, 'WITHSCORES')
    return {'minute ' .. (oldest[2] + ARGV[3]) .. ' ' .. limit, sent}
end
redis.call('ZADD', KEYS[3], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[3], ARGV[3])
return {'', sent + 1}
"""
"""Count a request, or say why there is to be none, in one step: no two replicas take the last one."""


class SharedQuotaLedger:
    """A QuotaLedger over Redis; while that is away, this replica's own. `now` gives Unix time in seconds.

    All that is heard is written into the replica's own as well, so that an outage forgets nothing.
    """

    def __init__(self, link: Link, now: Callable[[], float] = time.time) -> None:
        self._link = link
        self._now = now
        self._own = LocalQuotaLedger(now)
        self._counted: dict[str, tuple[float, int]] = {}

    async def admit(self, model: str) -> Spent | None:
        own = self._own.known().get(model)
        if own is not None and own.spent is not None:
            return own.spent
        try:
            told, count = await self._link.call(self._admit, model)
        except Away:
            return await self._own.admit(model)
        if count >= 0:
            self._counted[model] = self._now(), count
        if not told:
            await self._own.admit(model)
            return None
        spent = _spent(told.decode())
        # The limit is left out: held against this replica's own count, it would say nothing.
        await self._own.refused(model, replace(spent, limit=None))
        return spent

    async def refused(self, model: str, spent: Spent) -> None:
        await self._own.refused(model, spent)
        try:
            await self._link.call(self._refused, model, spent)
        except Away:
            return

    def known(self) -> Mapping[str, Quota]:
        since = self._now() - MINUTE
        counted = {model: count for model, (at, count) in self._counted.items() if at > since}
        return {
            model: replace(quota, minute_requests=max(quota.minute_requests, counted.get(model, 0)))
            for model, quota in self._own.known().items()
        }

    async def _admit(self, redis: Redis, model: str) -> Any:
        names = keys.spent(model), keys.minute_limit(model), keys.sent(model)
        return await redis.eval(_ADMIT, 3, *names, self._now(), uuid4().hex, int(MINUTE))

    async def _refused(self, redis: Redis, model: str, spent: Spent) -> None:
        left = max(1, round((spent.until - self._now()) * 1000))
        known = await redis.get(keys.spent(model))
        if known is None or _spent(known.decode()).until < spent.until:
            await redis.set(keys.spent(model), _text(spent), px=left)
        if spent.period == "minute" and spent.limit is not None:
            await redis.set(keys.minute_limit(model), spent.limit, ex=keys.LIMIT_SECONDS)


def _text(spent: Spent) -> str:
    return f"{spent.period} {spent.until} {spent.limit or 0}"


def _spent(text: str) -> Spent:
    period, until, limit = text.split()
    return Spent("day" if period == "day" else "minute", float(until), int(float(limit)) or None)
