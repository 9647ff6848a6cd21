import asyncio
from contextlib import closing
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragspace.models.sse import SseParser, SseStream
from ragspace.upstream import Upstream, UpstreamFailure
from tests.support.scripted_upstream import ScriptedUpstream

STREAM = (
    ": connected\n\n"
    'event: message\r\nid: 1\r\ndata: {"text":"Größe"}\r\n\r\n'
    "data:no space\n\n"
    "data: two\ndata: lines\n\n"
    "retry: 10\n\n\n"
    "data: 日本語\n"
).encode()
PAYLOADS = ['{"text":"Größe"}', "no space", "two\nlines", "日本語"]


def read(chunks: list[bytes]) -> list[str]:
    parser = SseParser()
    payloads = [payload for chunk in chunks for payload in parser.feed(chunk)]
    return [payload.decode() for payload in (*payloads, *parser.finish())]


@given(st.lists(st.integers(0, len(STREAM))))
def test_the_payloads_are_the_same_however_the_network_cuts_the_stream(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    assert read([STREAM[a:b] for a, b in pairwise(edges)]) == PAYLOADS


def test_a_chunk_gives_the_events_that_it_completes() -> None:
    parser = SseParser()
    assert parser.feed(b"data: a\n\ndata: b\n\ndata: c") == [b"a", b"b"]
    assert parser.feed(b"\n\n") == [b"c"]
    assert parser.finish() == []


@pytest.mark.parametrize(
    "chunk",
    [b"x" * 60, b"data: " + b"x" * 40 + b"\n", b"data:\n" * 40],
    ids=["one line", "many lines", "empty lines"],
)
def test_an_event_without_an_end_is_given_up(chunk: bytes) -> None:
    parser = SseParser(max_event_bytes=100)
    parser.feed(chunk)
    with pytest.raises(UpstreamFailure):
        parser.feed(chunk * 3)


def test_many_events_are_no_event_without_an_end() -> None:
    parser = SseParser(max_event_bytes=100)
    assert sum(len(parser.feed(b"data: " + b"x" * 40 + b"\n\n")) for _ in range(50)) == 50


async def test_a_stream_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ragspace.models.sse.MAX_STREAM_BYTES", 100)
    async with ScriptedUpstream() as service:
        service.reply(*[b"data: word\n\n"] * 20)
        upstream = Upstream(service.url)
        with pytest.raises(UpstreamFailure):
            await _read_to_its_end(upstream)
        await upstream.close()


async def test_the_more_streams_there_are_the_more_of_each_arrives_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(SseStream, "open", 2000)
    said = [step for number in range(20) for step in (b"data: %d\n\n" % number, 0.002)]
    async with ScriptedUpstream() as service:
        service.reply(*said)
        upstream = Upstream(service.url)
        reads = await _read_to_its_end(upstream)
        await upstream.close()
    assert [payload for read in reads for payload in read] == [b"%d" % number for number in range(20)]
    assert len(reads) <= 3
    assert SseStream.open == 2000


async def _read_to_its_end(upstream: Upstream) -> list[list[bytes]]:
    reads = []
    async with upstream.stream("GET", "/") as response:
        with closing(SseStream(response)) as events:
            while read := await events.read(asyncio.get_running_loop().time() + 10):
                reads.append(read)
    return reads
