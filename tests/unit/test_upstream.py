"""Calls to services behind the answer, over a server that sends what a test says."""

import gzip

import pytest

from ragspace.circuit import FAILURES
from ragspace.upstream import MAX_FAILURE_BYTES, MAX_RETRY_AFTER, Upstream, UpstreamFailure
from tests.support.scripted_upstream import CUT, ScriptedUpstream


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


async def test_a_call_that_changes_nothing_is_made_once_more_where_the_connection_broke():
    async with ScriptedUpstream() as service:
        service.reply(CUT).reply_json({"found": 1})
        upstream = Upstream(service.url)
        assert await upstream.call("GET", "/", repeat=True) == {"found": 1}
        await upstream.close()
    assert len(service.asked) == 2


async def test_a_call_that_must_not_be_made_twice_is_not():
    async with ScriptedUpstream() as service:
        service.reply(CUT).reply_json({})
        upstream = Upstream(service.url)
        with pytest.raises(UpstreamFailure):
            await upstream.call("POST", "/", {})
        await upstream.close()
    assert len(service.asked) == 1


@pytest.mark.parametrize(("status", "times"), [(500, 2), (503, 2), (504, 1), (400, 1), (429, 1)])
async def test_only_what_may_have_passed_is_asked_again(status: int, times: int):
    async with ScriptedUpstream() as service:
        service.reply_json({}, status)
        upstream = Upstream(service.url)
        with pytest.raises(UpstreamFailure):
            await upstream.call("GET", "/", repeat=True)
        await upstream.close()
    assert len(service.asked) == times


async def test_a_service_that_never_answers_is_not_asked_any_more_until_its_check_is_answered():
    async with ScriptedUpstream() as service:
        for _ in range(FAILURES):
            service.reply(30)
        service.reply_json({})
        upstream = Upstream(service.url, timeout=0.05)
        for _ in range(FAILURES + 5):
            with pytest.raises(UpstreamFailure) as failure:
                await upstream.call("GET", "/search")
            assert failure.value.reason == "timeout"
        assert len(service.asked) == FAILURES
        await upstream.call("GET", "/check", regardless=True)
        await upstream.call("GET", "/search")
        await upstream.close()


async def test_a_big_body_arrives_whole():
    """As bytes it would be one write that holds the event loop up, of which the client warns."""
    body = ["x" * 1000] * 2000
    async with ScriptedUpstream() as service:
        service.reply_json({})
        upstream = Upstream(service.url)
        await upstream.call("PUT", "/points", body)
        await upstream.close()
    assert service.asked[0].body == body


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("12", 12), ("²", None), ("9" * 400, MAX_RETRY_AFTER), ("9" * 5000, MAX_RETRY_AFTER), ("-1", None)],
)
async def test_a_wait_that_is_no_number_of_seconds_harms_nobody(told: str, seconds: int | None):
    async with ScriptedUpstream() as service:
        service.reply_json({}, 429, Retry_After=told)
        upstream = Upstream(service.url)
        with pytest.raises(UpstreamFailure) as failure:
            await upstream.call("GET", "/")
        await upstream.close()
    assert (failure.value.status, failure.value.retry_after) == (429, seconds)


@pytest.mark.parametrize(("length", "read"), [(MAX_FAILURE_BYTES, True), (MAX_FAILURE_BYTES + 1, False)])
async def test_of_a_failure_only_a_body_of_sound_size_is_looked_at(length: int, read: bool):
    body = b'"' + b"x" * (length - 2) + b'"'
    async with ScriptedUpstream() as service:
        service.reply(gzip.compress(body), status=400, Content_Encoding="gzip")
        upstream = Upstream(service.url)
        with pytest.raises(UpstreamFailure) as failure:
            await upstream.call("GET", "/")
        await upstream.close()
    assert (failure.value.status, failure.value.body is not None) == (400, read)


async def test_a_compressed_body_that_fills_the_memory_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ragspace.upstream.whole_body.__defaults__", (1000,))
    async with ScriptedUpstream() as service:
        service.reply(gzip.compress(b" " * 100_000 + b"{}"), Content_Encoding="gzip")
        upstream = Upstream(service.url)
        with pytest.raises(UpstreamFailure) as failure:
            await upstream.call("GET", "/")
        await upstream.close()
    assert (failure.value.reason, failure.value.status) == ("error", None)
