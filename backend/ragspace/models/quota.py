"""What is known of each model's quota: whether it may be asked now, or until when it is spent.

The known is Gemini's own word (a 429 names the quota and the wait) and a count of the requests of the last
minute, which is held against the limit that a 429 named. Only the minute is paced by the count: the requests
of a day are those of every process and person with the same key, since midnight, and no process has seen them
all, so that the day is spent when Gemini says so.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

Period = Literal["minute", "day"]

MINUTE = 60.0
"""Seconds of the window that requests per minute are counted over."""

LIMIT_BELIEVED = 3600.0
"""Seconds for which the count is held against a limit that was told: it may be raised, as by a paid plan."""

MOST_COUNTED = 10_000
"""Requests of the last minute that are remembered at most, of each model."""


@dataclass(frozen=True, slots=True)
class Spent:
    """A quota is spent until `until` (Unix time, seconds). `limit` is how many requests a `period` has, where
    that was told and counts requests."""

    period: Period
    until: float
    limit: int | None = None


def seconds_left(until: float) -> int:
    """Whole seconds, at least 1, from now to `until` (Unix time): for Retry-After."""
    return max(1, math.ceil(until - time.time()))


@dataclass(frozen=True, slots=True)
class Quota:
    """A model's quota as it is known: what is spent of it, if anything, and the requests of the last minute
    with their limit, where one is believed."""

    spent: Spent | None
    minute_requests: int
    minute_limit: int | None


class QuotaLedger(Protocol):
    """One for all models, by their names; one for all replicas, where they share a key and a store. Neither
    call raises anything or takes longer than a moment: without its store a ledger goes by what it knows."""

    async def admit(self, model: str) -> Spent | None:
        """Count one request to `model`, about to be sent; or, uncounted, why and how long none is to be."""
        ...

    async def refused(self, model: str, spent: Spent) -> None:
        """Gemini refused a request to `model` (429): what it said."""
        ...

    def known(self) -> Mapping[str, Quota]:
        """Every model heard of, from memory: for health and for metrics."""
        ...


@dataclass(slots=True)
class _Entry:
    sent: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_COUNTED))
    spent: Spent | None = None
    minute_limit: int | None = None
    limit_believed_until: float = 0.0


class LocalQuotaLedger:
    """A QuotaLedger in memory. `now` gives Unix time in seconds.

    It is not kept over a restart: the first request tells again, which costs a round trip and no quota, and a
    restart is how to have a quota that was raised believed before it would have been renewed.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._entries: dict[str, _Entry] = {}

    async def admit(self, model: str) -> Spent | None:
        now = self._now()
        entry = self._entry(model, now)
        if entry.spent is None:
            entry.sent.append(now)
        return entry.spent

    async def refused(self, model: str, spent: Spent) -> None:
        now = self._now()
        entry = self._entry(model, now)
        if entry.spent is None or entry.spent.until < spent.until:
            entry.spent = spent
        if spent.period == "minute" and spent.limit is not None:
            entry.minute_limit, entry.limit_believed_until = spent.limit, now + LIMIT_BELIEVED

    def known(self) -> Mapping[str, Quota]:
        now = self._now()
        entries = {model: self._entry(model, now) for model in self._entries}
        return {
            model: Quota(entry.spent, len(entry.sent), entry.minute_limit) for model, entry in entries.items()
        }

    def _entry(self, model: str, now: float) -> _Entry:
        """What still holds at `now`."""
        entry = self._entries.setdefault(model, _Entry())
        while entry.sent and entry.sent[0] <= now - MINUTE:
            entry.sent.popleft()
        if entry.spent is not None and entry.spent.until <= now:
            entry.spent = None
        if entry.limit_believed_until <= now:
            entry.minute_limit = None
        if entry.spent is None:
            entry.spent = _spent_by_count(entry)
        return entry


def _spent_by_count(entry: _Entry) -> Spent | None:
    limit = entry.minute_limit
    if not limit or len(entry.sent) < limit:
        return None
    return Spent("minute", entry.sent[-limit] + MINUTE, limit)
