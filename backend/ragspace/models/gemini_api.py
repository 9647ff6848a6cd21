"""Gemini's REST API, as far as it is used: where it lives, and what its failures mean.

Facts: https://ai.google.dev/api (version v1beta) and https://ai.google.dev/gemini-api/docs/rate-limits.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ragspace.errors import Reason
from ragspace.models.quota import Spent
from ragspace.upstream import MAX_RETRY_AFTER, Upstream, UpstreamFailure

BASE_URL = "https://generativelanguage.googleapis.com"

CHECK_TIMEOUT = 10.0
"""Seconds for asking whether a model is there."""

CONNECT_TIMEOUT = 5.0
"""Seconds for each try to connect."""

DEFAULT_RETRY_AFTER = 60
"""Seconds to wait where Gemini does not say: its shortest quota is counted by the minute."""

UNAUTHORIZED_ACTION = (
    "Gemini does not accept GEMINI_API_KEY: make a new key at https://aistudio.google.com/apikey and set it."
)

UNTRUSTED_ACTION = (
    "No encrypted connection to Gemini could be made: check GEMINI_BASE_URL, if it is set, and whether "
    "something between here and Gemini answers in its place."
)

STATUS_PAGE = "https://aistudio.google.com/status"

ACTIONS: dict[Reason, str] = {
    "unreachable": "Check that Gemini, or what GEMINI_BASE_URL names in its place, can be reached from here.",
    "timeout": f"See {STATUS_PAGE} whether Gemini is slow for all, or name a faster model in GEMINI_MODEL.",
    "error": f"See {STATUS_PAGE} whether Gemini fails for all, or name another model in GEMINI_MODEL.",
}
"""What the developer does about a failure that is neither the key's nor a quota's."""


def gemini(
    api_key: str, base_url: str, *, timeout: float, connect_timeout: float = CONNECT_TIMEOUT
) -> Upstream:
    """The service. The key travels in a header: an address ends up in logs."""
    headers = {"x-goog-api-key": api_key}
    return Upstream(base_url, headers, timeout=timeout, connect_timeout=connect_timeout)


def model_path(model: str, method: str = "") -> str:
    """The path of `model` (`models/` before its name is optional), or of one of its methods."""
    path = f"/v1beta/models/{model.removeprefix('models/')}"
    return f"{path}:{method}" if method else path


def failure_of_error_event(error: Any) -> UpstreamFailure:
    """The failure that an `error` object inside a stream tells of, as if it had been the response."""
    status = error.get("code") if isinstance(error, dict) else None
    reason: Reason = "quota_exceeded" if status == 429 else "error"
    return UpstreamFailure(reason, status if isinstance(status, int) else None, {"error": error})


def is_unauthorized(failure: UpstreamFailure) -> bool:
    """Whether the key is at fault. A malformed one gets a 400, told from other 400s by its ErrorInfo."""
    return failure.reason == "unauthorized" or any(
        detail.get("reason") == "API_KEY_INVALID" for detail in _details(failure)
    )


def is_daily_quota(failure: UpstreamFailure) -> bool:
    """Whether the quota that is spent comes back only at midnight Pacific, whatever RetryInfo says."""
    return any("PerDay" in str(violation.get("quotaId")) for violation in _violations(failure))


def quota_retry_after(failure: UpstreamFailure, now: datetime) -> int:
    """Seconds until a spent quota (a 429) is worth another try, at the time `now` (timezone-aware)."""
    if is_daily_quota(failure):
        return seconds_to_pacific_midnight(now)
    delay = retry_delay(failure)
    return DEFAULT_RETRY_AFTER if delay is None else max(1, math.ceil(delay))


def spent_quota(failure: UpstreamFailure, now: datetime) -> Spent:
    """What a 429 says of the model's quota, at the time `now` (timezone-aware)."""
    daily = is_daily_quota(failure)
    until = now.timestamp() + quota_retry_after(failure, now)
    return Spent(
        "day" if daily else "minute", until, _request_limit(failure, "PerDay" if daily else "PerMinute")
    )


def _request_limit(failure: UpstreamFailure, period: str) -> int | None:
    """The `quotaValue` of a spent quota that counts requests; others count tokens."""
    for violation in _violations(failure):
        quota, value = str(violation.get("quotaId")), str(violation.get("quotaValue"))
        if period in quota and "Requests" in quota and value.isascii() and value.isdigit():
            return int(value[:9])
    return None


def retry_delay(failure: UpstreamFailure) -> float | None:
    """The seconds that Gemini asks to wait: RetryInfo's `retryDelay` (`38s`), else Retry-After."""
    for detail in _details(failure):
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and delay.endswith("s"):
            try:
                return min(max(0.0, float(delay[:-1])), MAX_RETRY_AFTER)
            except ValueError:
                continue
    return failure.retry_after


def seconds_to_pacific_midnight(now: datetime) -> int:
    """Seconds (at least 1) from `now` to the next midnight in Los Angeles: daily quotas are renewed then."""
    zone = _pacific()
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time(), tzinfo=zone)
    return max(1, math.ceil((midnight.astimezone(UTC) - now).total_seconds()))


def _pacific() -> tzinfo:
    try:
        return ZoneInfo("America/Los_Angeles")
    except ZoneInfoNotFoundError:
        # An image without time zone data: standard time is never too early, and in summer one hour late.
        return timezone(timedelta(hours=-8))


def _violations(failure: UpstreamFailure) -> Iterator[dict[str, Any]]:
    violations = (each for detail in _details(failure) for each in detail.get("violations") or ())
    return (violation for violation in violations if isinstance(violation, dict))


def _details(failure: UpstreamFailure) -> Iterator[dict[str, Any]]:
    body = failure.body
    if isinstance(body, list) and body:
        # Where `alt=sse` was not understood, the error comes as the only element of a list.
        body = body[0]
    error = body.get("error") if isinstance(body, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    return (detail for detail in details or () if isinstance(detail, dict))
