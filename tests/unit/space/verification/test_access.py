"""Whether a key is sent at all; the rest is proved against a real service (test_private_service.py)."""

from multidict import CIMultiDict, CIMultiDictProxy

from ragspace.space.verification.access import check_access
from ragspace.space.verification.site import Address, Reply, Site


class Private(Site):
    """Refuses everything, and notes whether the key would have been sent."""

    async def request(self, method: str, path: str, **_: object) -> Reply:
        sent.append(self.keyed)
        return Reply(401, CIMultiDictProxy(CIMultiDict()), b'{"error": {"code": "unauthorized"}}', 0.0)


sent: list[bool] = []


async def test_no_key_goes_over_plain_http_to_another_host():
    sent.clear()
    check = await check_access(Private(Address("http://chat.example"), key="a-key-of-16-letters"))
    assert check is not None
    assert check.outcome == "failed"
    assert "https://" in (check.fix or "")
    assert sent == [False]
