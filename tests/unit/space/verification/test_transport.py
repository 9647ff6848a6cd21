"""Certificates and their end; plain HTTP against HTTPS."""

from datetime import UTC, datetime

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from ragspace.space.verification.site import Address, Reply
from ragspace.space.verification.transport import check_certificate, check_edge, check_plain_http, lasting
from tests.support.scripted_upstream import ScriptedUpstream
from tests.support.servers import LOOPBACK, free_port

SPACE = Address("https://me-demo.hf.space")
OTHER = Address("https://chat.example.org")


@pytest.mark.parametrize(("day", "outcome"), [(1, "ok"), (25, "warning")])
def test_a_certificate_that_ends_soon_is_a_warning(day: int, outcome: str):
    check = lasting("Jan 31 12:00:00 2027 GMT", "TLSv1.3", datetime(2027, 1, day, tzinfo=UTC))
    assert check.outcome == outcome
    assert "2027-01-31" in check.detail


async def test_plain_http_beyond_loopback_fails():
    assert (await check_certificate(Address("http://chat.example.org"))).outcome == "failed"
    assert (await check_certificate(Address("http://127.0.0.1:7860"))).outcome == "skipped"


@pytest.mark.parametrize(
    ("address", "status", "location", "outcome"),
    [
        (OTHER, 301, "https://chat.example.org/", "ok"),
        (OTHER, 302, "http://chat.example.org/login", "failed"),
        (OTHER, 200, "", "failed"),
        (SPACE, 200, "", "warning"),
        (OTHER, 403, "", "ok"),
    ],
)
async def test_plain_http_must_lead_to_https(address: Address, status: int, location: str, outcome: str):
    async with ScriptedUpstream() as plain:
        plain.reply(b"{}", status=status, **({"Location": location} if location else {}))
        assert (await check_plain_http(address, plain.url)).outcome == outcome


async def test_a_closed_http_port_is_as_good_and_another_port_has_no_counterpart():
    assert (await check_plain_http(OTHER, f"http://{LOOPBACK}:{free_port()}")).outcome == "ok"
    assert (await check_plain_http(Address("https://chat.example.org:8443"))).outcome == "skipped"


@pytest.mark.parametrize(
    ("address", "headers", "outcome"),
    [
        (SPACE, {"X-Proxied-Host": "10.0.0.1"}, "ok"),
        (SPACE, {}, "warning"),
        (OTHER, {"Strict-Transport-Security": "max-age=63072000"}, "ok"),
        (OTHER, {}, "warning"),
        (Address("http://127.0.0.1:7860"), {}, "skipped"),
    ],
)
def test_what_an_edge_adds_is_looked_for_where_there_is_one(
    address: Address, headers: dict[str, str], outcome: str
):
    page = Reply(200, CIMultiDictProxy(CIMultiDict(headers)), b"", 0.1)
    assert check_edge(address, page).outcome == outcome
