"""Calls to services behind the answer, over a server that sends what a test says."""

import pytest

from ragspace.upstream import Upstream, UpstreamFailure
from tests.support.scripted_upstream import ScriptedUpstream


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_a_failure_and_takes_no_key_anywhere(status: int):
    async with ScriptedUpstream() as elsewhere, ScriptedUpstream() as service:
        elsewhere.reply_json({})
        service.reply_json({}, status=status, Location=f"{elsewhere.url}/taken")
        upstream = Upstream(service.url, {"x-goog-api-key": "marked-secret"})
        with pytest.raises(UpstreamFailure) as failure:
            await upstream.call("GET", "/models")
        await upstream.close()

    assert (failure.value.reason, failure.value.status) == ("error", status)
    assert elsewhere.asked == []
