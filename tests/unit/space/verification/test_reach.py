"""What an answer says about whoever sent it."""

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from ragspace.space.verification.reach import state_of
from ragspace.space.verification.site import Reply

PAGE = b"<html></html>"


@pytest.mark.parametrize(
    ("status", "headers", "body", "state"),
    [
        (200, {}, b'{"status":"ok"}', "up"),
        (200, {}, PAGE, "foreign"),
        (200, {}, b'{"other":1}', "foreign"),
        (503, {}, PAGE, "asleep"),
        (503, {}, b"", "asleep"),
        (503, {"X-Proxied-Host": "10.0.0.1"}, PAGE, "busy"),
        (503, {}, b'{"error":{"code":"starting"}}', "busy"),
        (502, {}, PAGE, "busy"),
        (429, {}, PAGE, "busy"),
        (404, {}, PAGE, "hidden"),
        (401, {}, b"", "hidden"),
        (404, {"X-Proxied-Host": "10.0.0.1"}, PAGE, "foreign"),
        (404, {}, b'{"detail":"Not Found"}', "foreign"),
        (307, {"Location": "https://x.example"}, b"", "redirected"),
        (500, {}, PAGE, "failing"),
        (418, {}, PAGE, "foreign"),
    ],
)
def test_the_state_is_read_from_status_edge_headers_and_body(
    status: int, headers: dict[str, str], body: bytes, state: str
):
    assert state_of(Reply(status, CIMultiDictProxy(CIMultiDict(headers)), body, 0.1)) == state
