import asyncio

import pytest

from ragspace.errors import (
    ConfigurationError,
    GenerationUnavailable,
    NotFound,
    QuotaExceeded,
    RetrievalUnavailable,
    StorageUnavailable,
)
from ragspace.health import Health, Probe

DOWN = RetrievalUnavailable(service="qdrant", reason="unreachable", action="Check QDRANT_URL.")


class Scripted:
    """A check that fails with what is set and counts how often it was asked."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.asked = 0

    async def __call__(self) -> None:
        self.asked += 1
        if self.error is not None:
            raise self.error


@pytest.fixture
def checks() -> dict[str, Scripted]:
    return {name: Scripted() for name in ("qdrant", "postgres", "gemini")}


@pytest.fixture
def health(checks: dict[str, Scripted]) -> Health:
    return Health({name: Probe(check, 60.0, lambda: {"mode": "embedded"}) for name, check in checks.items()})


async def check_all(health: Health) -> None:
    for service in ("qdrant", "postgres", "gemini"):
        await health.check(service)


async def test_health_is_starting_until_every_service_was_checked(health: Health):
    await health.check("qdrant")
    await health.check("postgres")
    assert health.overall == "starting"
    await health.check("gemini")
    assert health.overall == "healthy"


async def test_one_unavailable_service_degrades_and_two_make_it_unhealthy(health: Health, checks):
    checks["qdrant"].error = DOWN
    await check_all(health)
    assert health.overall == "degraded"
    checks["postgres"].error = StorageUnavailable(service="postgres", reason="timeout")
    await health.check("postgres")
    assert health.overall == "unhealthy"


async def test_the_report_tells_the_reason_and_what_to_do(health: Health, checks):
    checks["qdrant"].error = DOWN
    await health.check("qdrant")
    report = health.report()["qdrant"]
    assert (report["status"], report["reason"], report["action"], report["mode"]) == (
        "unavailable", "unreachable", "Check QDRANT_URL.", "embedded",
    )  # fmt: skip
    assert report["latency_ms"] >= 0
    assert report["checked_at"].endswith("Z")


async def test_a_failing_request_marks_its_service_at_once_and_a_good_one_clears_it(health: Health):
    await check_all(health)
    health.failed(DOWN)
    assert health.services["qdrant"].status == "unavailable"
    health.succeeded("qdrant")
    assert health.overall == "healthy"
    assert "reason" not in health.report()["qdrant"]


async def test_an_error_that_names_no_service_changes_nothing(health: Health):
    await check_all(health)
    health.failed(NotFound())
    assert health.overall == "healthy"


async def test_a_spent_quota_is_believed_although_the_check_costs_none(health: Health):
    await check_all(health)
    health.failed(QuotaExceeded(retry_after=3600))
    await health.check("gemini")
    assert health.report()["gemini"]["reason"] == "quota_exceeded"
    health.succeeded("gemini")
    assert health.overall == "healthy"


async def test_a_check_that_breaks_counts_as_unavailable(health: Health, checks, capsys):
    checks["gemini"].error = ZeroDivisionError()
    await health.check("gemini")
    assert health.report()["gemini"]["reason"] == "error"


async def test_a_failing_request_has_its_service_looked_at_soon(health: Health, checks):
    watch = asyncio.create_task(health.watch("qdrant"))
    while checks["qdrant"].asked == 0:
        await asyncio.sleep(0)
    assert checks["qdrant"].asked == 1
    health.failed(DOWN)
    async with asyncio.timeout(5):
        while checks["qdrant"].asked == 1:
            await asyncio.sleep(0.01)
    watch.cancel()


async def test_a_wrong_configuration_found_at_start_is_raised_and_later_only_reported(health: Health, checks):
    checks["postgres"].error = ConfigurationError("wrong password")
    with pytest.raises(ConfigurationError):
        await health.watch("postgres")
    assert health.services["postgres"].status == "unavailable"


async def test_a_configuration_that_turns_wrong_later_is_reported_with_its_reason(
    checks: dict[str, Scripted],
):
    health = Health({"postgres": Probe(checks["postgres"], 0.01)})
    watch = asyncio.create_task(health.watch("postgres"))
    await health.wait_until_checked()
    checks["postgres"].error = ConfigurationError("wrong role", action="Grant it.", reason="rights")
    async with asyncio.timeout(5):
        while health.services["postgres"].status != "unavailable":
            await asyncio.sleep(0.01)
    report = health.report()["postgres"]
    assert (report["reason"], report["action"]) == ("rights", "Grant it.")
    watch.cancel()


async def test_a_blocked_port_stays_told_when_a_request_only_knows_that_nothing_is_reached(
    health: Health, checks
):
    checks["qdrant"].error = RetrievalUnavailable(service="qdrant", reason="port_blocked", action="Use 443.")
    await check_all(health)
    health.failed(DOWN)
    state = health.services["qdrant"]
    assert (state.reason, state.action) == ("port_blocked", "Use 443.")
    checks["qdrant"].error = DOWN
    await health.check("qdrant")
    assert state.reason == "unreachable"


async def test_what_failed_a_request_is_believed_where_the_check_proves_less(checks: dict[str, Scripted]):
    """Looking at a model works while every answer fails."""
    health = Health({"gemini": Probe(checks["gemini"], 60.0, proves=False)})
    await health.check("gemini")
    health.failed(GenerationUnavailable(service="gemini", reason="error"))
    await health.check("gemini")
    assert health.services["gemini"].reason == "error"
    health.succeeded("gemini")
    assert health.services["gemini"].status == "connected"


async def test_a_check_that_passes_shows_that_a_service_is_reached(checks: dict[str, Scripted]):
    health = Health({"gemini": Probe(checks["gemini"], 60.0, proves=False)})
    health.failed(GenerationUnavailable(service="gemini", reason="unreachable"))
    await health.check("gemini")
    assert health.services["gemini"].status == "connected"
