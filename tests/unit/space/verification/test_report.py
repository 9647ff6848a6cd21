"""The health report as lines, each with what to do."""

from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from ragspace.space.checks import Check
from ragspace.space.verification.report import Told, check_health
from ragspace.space.verification.site import Reply

CONNECTED: dict[str, Any] = {
    "qdrant": {"status": "connected", "collection": "book", "vectors": 10},
    "postgres": {"status": "connected"},
    "gemini": {"status": "connected", "model": "gemini-3.5-flash"},
}


async def lines(
    status: str = "healthy", code: int = 200, seconds: float = 0.1, **services: dict[str, Any]
) -> dict[str, Check]:
    report = {"status": status, "version": "1", "build_id": "b1", "services": CONNECTED | services}
    told = Told(Reply(code, CIMultiDictProxy(CIMultiDict()), b"", seconds), report)
    return {check.name: check async for check in check_health(told, None)}


async def test_sc_003_a_healthy_report_passes_every_line():
    assert {check.outcome for check in (await lines()).values()} == {"ok"}


async def test_an_unavailable_service_has_the_reports_own_action_as_its_fix():
    down = {"status": "unavailable", "reason": "port_blocked", "action": "Use port 443."}
    told = await lines("degraded", 503, qdrant={**CONNECTED["qdrant"], **down})
    assert [name for name, check in told.items() if check.outcome == "failed"] == ["health", "qdrant"]
    assert "port_blocked" in told["qdrant"].detail
    assert told["qdrant"].fix == "Use port 443."


async def test_sc_002_health_that_takes_more_than_five_seconds_fails():
    assert (await lines(seconds=5.5))["health"].outcome == "failed"


@pytest.mark.parametrize(("status", "code"), [("healthy", 503), ("degraded", 200)])
async def test_fr_013_a_status_that_monitors_would_misread_fails(status: str, code: int):
    assert (await lines(status, code))["health"].outcome == "failed"


@pytest.mark.parametrize(
    ("name", "state", "outcome"),
    [
        ("qdrant", {"vectors": 0}, "failed"),
        ("qdrant", {"sample": True}, "warning"),
        ("postgres", {"pending_writes": 3}, "warning"),
        ("postgres", {"mode": "embedded"}, "ok"),
    ],
)
async def test_a_connected_service_may_still_need_a_word(name: str, state: dict[str, Any], outcome: str):
    told = await lines(**{name: {**CONNECTED[name], **state}})
    assert told[name].outcome == outcome
