"""The loop that every streaming model shares: events in, deltas and one Finish out, in bounded time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from typing import Any, NamedTuple

import aiohttp
import orjson

from ragspace.models.protocols import Delta, Finish, FinishReason, Usage
from ragspace.models.sse import SseStream
from ragspace.upstream import Upstream, UpstreamFailure, broke, repeat_pause

End = FinishReason | UpstreamFailure
"""How an answer ended: a failure is given along with the words before it, so that they are not lost."""


class Piece(NamedTuple):
    """What one event says: text (possibly none), how the answer ended, if it did, and what it took so far."""

    text: str = ""
    end: End | None = None
    usage: Usage | None = None


ReadEvent = Callable[[Any], Piece]
"""Reads one event's JSON. That it fails on JSON of another shape than it expects tells of a broken stream."""

DONE = b"[DONE]"
"""How OpenAI-compatible servers end a stream; where no finish reason came before it, it stands for `stop`."""


class Patience(NamedTuple):
    """How long to wait, in seconds: until the event loop's time `begin_by` for the first delta, then for
    each next one."""

    begin_by: float
    stall: float


async def relay(
    upstream: Upstream,
    path: str,
    body: Mapping[str, Any],
    *,
    model: str,
    read: ReadEvent,
    patience: Patience,
    params: Mapping[str, str] | None = None,
) -> AsyncGenerator[Delta | Finish, None]:
    """POST `body` and relay the answer: what arrived together leaves as one Delta; Finish comes last.

    Raises UpstreamFailure: as the call failed; `timeout` when the time was up; `error` for nonsense, for a
    stream that ends without saying why, and for an answer that ends well without a word in it.
    """
    deadline = patience.begin_by
    begun, usage = False, None
    call = _begun(upstream, path, body, params, deadline)
    del body  # long, and not read again while the answer lasts
    async with call as response:
        with closing(SseStream(response)) as events:
            while True:
                payloads = await events.read(deadline)
                if not payloads:
                    raise UpstreamFailure("error")
                text, end, told = _read_all(payloads, read)
                usage = told or usage
                if text:
                    if not begun:
                        upstream.circuit.answered()
                    begun = True
                    yield Delta(text)
                if isinstance(end, UpstreamFailure):
                    raise end
                if end is not None:
                    if not begun and end != "safety":
                        raise UpstreamFailure("error")
                    yield Finish(end, model, usage)
                    await events.drain()
                    return
                if begun:
                    deadline = asyncio.get_running_loop().time() + patience.stall


@asynccontextmanager
async def _begun(
    upstream: Upstream,
    path: str,
    body: Mapping[str, Any],
    params: Mapping[str, str] | None,
    deadline: float,
) -> AsyncIterator[aiohttp.ClientResponse]:
    """The response, whose head is there. A connection that is lost before, as an idle one may be just when it
    is used again, is tried once more."""
    for may_repeat in (True, False):
        begun = False
        try:
            async with upstream.stream("POST", path, body, params=params, begin_by=deadline) as response:
                begun = True
                del body
                yield response
                return
        except UpstreamFailure as failure:
            if begun or not (may_repeat and broke(failure) and upstream.circuit.may_repeat()):
                raise
        await asyncio.sleep(repeat_pause())


def _read_all(payloads: list[bytes], read: ReadEvent) -> Piece:
    """What all events say together, up to the first that ends the answer."""
    texts: list[str] = []
    usage = None
    for payload in payloads:
        if payload == DONE:
            return Piece("".join(texts), "stop", usage)
        try:
            text, end, told = read(orjson.loads(payload))
        except (ValueError, TypeError, AttributeError, LookupError):
            text, end, told = "", UpstreamFailure("error"), None
        texts.append(text)
        usage = told or usage
        if end is not None:
            return Piece("".join(texts), end, usage)
    return Piece("".join(texts), None, usage)


def usage_of(told: Any, prompt: str, *outputs: str) -> Usage | None:
    """The tokens that an event tells under these keys; None where it is no sound number of each. Never
    raises: nobody's answer fails for how it is counted."""
    if not isinstance(told, dict):
        return None
    counts = [told.get(key, 0) for key in (prompt, *outputs)]
    if not all(isinstance(count, int) and 0 <= count < 1 << 32 for count in counts):
        return None
    return Usage(counts[0], sum(counts[1:]))
