from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

import pytest

from ragspace.models import gemini_api
from ragspace.models.gemini_api import (
    is_daily_quota,
    is_unauthorized,
    model_path,
    quota_retry_after,
    seconds_to_pacific_midnight,
    spent_quota,
)
from ragspace.models.quota import Spent
from ragspace.upstream import UpstreamFailure

NOON = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)  # in Los Angeles
HOUR = 3600


def quota(*details: Any, retry_after: int | None = None) -> UpstreamFailure:
    body = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": list(details)}}
    return UpstreamFailure("quota_exceeded", 429, body, retry_after)


def violation(quota_id: str) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaMetric": "requests", "quotaId": quota_id, "quotaValue": "20"}],
    }


def retry(delay: Any) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


PER_DAY = violation("GenerateRequestsPerDayPerProjectPerModel-FreeTier")
PER_MINUTE = violation("GenerateContentInputTokensPerModelPerMinute-FreeTier")


@pytest.mark.parametrize(
    ("failure", "seconds"),
    [
        (quota(PER_MINUTE, retry("38s")), 38),
        (quota(PER_MINUTE, retry("38.2s")), 39),
        (quota(retry("0s")), 1),
        (quota(PER_DAY, retry("38s")), 12 * HOUR),
        (quota(PER_MINUTE, PER_DAY, retry("38s")), 12 * HOUR),
        (quota(retry_after=7), 7),
        (quota(retry("soon")), 60),
        (quota(retry({"seconds": 3})), 60),
        (quota(retry("infs")), 24 * HOUR),
        (quota("nonsense"), 60),
        (UpstreamFailure("quota_exceeded", 429, None), 60),
        (UpstreamFailure("quota_exceeded", 429, {"error": "no"}), 60),
        (UpstreamFailure("quota_exceeded", 429, [{"error": {"details": [retry("5s")]}}]), 5),
    ],
)
def test_a_spent_quota_is_worth_another_try_after_so_many_seconds(
    failure: UpstreamFailure, seconds: int
) -> None:
    assert quota_retry_after(failure, NOON) == seconds


REQUESTS_PER_MINUTE = violation("GenerateRequestsPerMinutePerProjectPerModel-FreeTier")


@pytest.mark.parametrize(
    ("failure", "spent"),
    [
        (quota(REQUESTS_PER_MINUTE, retry("38s")), Spent("minute", NOON.timestamp() + 38, 20)),
        (quota(PER_DAY, retry("38s")), Spent("day", NOON.timestamp() + 12 * HOUR, 20)),
        (quota(REQUESTS_PER_MINUTE, PER_DAY), Spent("day", NOON.timestamp() + 12 * HOUR, 20)),
        (quota(PER_MINUTE, retry("38s")), Spent("minute", NOON.timestamp() + 38)),
        (quota({"violations": [{"quotaId": "RequestsPerMinute", "quotaValue": "many"}, None, 7]}),
         Spent("minute", NOON.timestamp() + 60)),
        (quota("nonsense"), Spent("minute", NOON.timestamp() + 60)),
    ],
    ids=["minute", "day", "both", "tokens are no requests", "no number", "no details"],
)  # fmt: skip
def test_what_a_refusal_says_of_a_quota(failure: UpstreamFailure, spent: Spent) -> None:
    assert spent_quota(failure, NOON) == spent


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 7, 1, 6, 0, tzinfo=UTC), 1),  # 23:00 daylight time
        (datetime(2026, 12, 1, 6, 0, tzinfo=UTC), 2),  # 22:00 standard time
        (datetime(2026, 3, 8, 8, 0, tzinfo=UTC), 23),  # the day of 23 hours begins
        (datetime(2026, 11, 1, 7, 0, tzinfo=UTC), 25),  # the day of 25 hours begins
    ],
)
def test_midnight_pacific_minds_daylight_saving_time(now: datetime, hours: int) -> None:
    assert seconds_to_pacific_midnight(now) == hours * HOUR


def test_without_time_zone_data_midnight_is_never_told_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr(gemini_api, "ZoneInfo", missing)
    assert seconds_to_pacific_midnight(datetime(2026, 12, 1, 6, 0, tzinfo=UTC)) == 2 * HOUR
    assert seconds_to_pacific_midnight(datetime(2026, 7, 1, 6, 0, tzinfo=UTC)) == 2 * HOUR


def test_only_a_daily_quota_is_a_daily_quota() -> None:
    assert is_daily_quota(quota(PER_DAY))
    assert not is_daily_quota(quota(PER_MINUTE, retry("38s")))
    assert not is_daily_quota(UpstreamFailure("error", 500, "no JSON"))


def test_a_bad_request_is_about_the_key_only_where_it_says_so() -> None:
    def bad_request(reason: str) -> UpstreamFailure:
        return UpstreamFailure("error", 400, {"error": {"details": [{"reason": reason}]}})

    assert is_unauthorized(bad_request("API_KEY_INVALID"))
    assert not is_unauthorized(bad_request("FIELD_INVALID"))
    assert is_unauthorized(UpstreamFailure("unauthorized", 403))


@pytest.mark.parametrize("name", ["gemini-3.5-flash", "models/gemini-3.5-flash"])
def test_a_model_may_be_named_with_or_without_its_collection(name: str) -> None:
    assert model_path(name) == "/v1beta/models/gemini-3.5-flash"
    assert model_path(name, "embed") == "/v1beta/models/gemini-3.5-flash:embed"
