"""Server-sent events of an upstream model, read as they come off the wire."""

import asyncio
from typing import ClassVar

import aiohttp

from ragspace.upstream import UpstreamFailure

MAX_EVENT_BYTES = 1 << 20
"""No model sends an event near this size; more than this without an event's end is not a stream of events."""

MAX_STREAM_BYTES = 16 << 20
"""No answer is as long, thoughts included; a model that does not end would fill the memory."""

EVENT_SECONDS = 0.000_1
"""What the way of an event from the model to its reader takes of the event loop's time, and something over:
400 streams get 25 events a second each."""

LEAST_PAUSE_SECONDS = 0.005
"""Fewer streams than need so long do not wait for each other."""

_BLANK = (b"", b"\r")


class SseParser:
    """Splits a byte stream into the `data:` payloads of its events (WHATWG HTML, section 9.2.6).

    Works on bytes, so that a character or a line cut in two by the network is whole again before it is
    decoded. Comments, `event:`, `id:` and `retry:` lines are passed over. Lines end with LF or CRLF: no
    server of a model uses the third ending of the standard, a lone CR.
    """

    __slots__ = ("_data", "_max_event_bytes", "_rest", "_size")

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The payloads of the events that `chunk` completes. Raises UpstreamFailure for an endless event."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        payloads = []
        for line in lines:
            if line.startswith(b"data:"):
                value = line[6 if line.startswith(b"data: ") else 5 :].removesuffix(b"\r")
                self._data.append(value)
                self._size += len(value) + 1
            elif self._data and line in _BLANK:
                payloads.append(b"\n".join(self._data))
                self._data.clear()
                self._size = 0
        if self._size + len(self._rest) > self._max_event_bytes:
            raise UpstreamFailure("error")
        return payloads

    def finish(self) -> list[bytes]:
        """The event that the end of the stream completes: some servers leave the last blank line out."""
        return self.feed(b"\n\n")


class SseStream:
    """The events of one response: each read gives all payloads that have arrived by then, in order.

    What arrives together stays together, so that a burst costs its readers one step and not one per event.
    And where many streams are open, each leaves the others their time between two of its reads: so more
    arrives together the more of them there are, and a model that is slower than that waits for nobody.
    Reading raises whatever reading the response raises, and UpstreamFailure (`error`) for a stream without an
    end. To be closed.
    """

    __slots__ = ("_content", "_deadline", "_ended", "_left", "_loop", "_next_read_at", "_parser", "_timer")

    open: ClassVar[int] = 0
    """How many there are in this process, which has one event loop."""

    def __init__(self, response: aiohttp.ClientResponse, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        SseStream.open += 1
        self._content = response.content
        self._parser = SseParser(max_event_bytes)
        self._ended = False
        self._left = MAX_STREAM_BYTES
        self._loop = asyncio.get_running_loop()
        self._deadline: float | None = None
        """Until when the read lasts that is under way."""
        self._timer: asyncio.TimerHandle | None = None
        """One for all reads: deadlines move with every event, the timer when it rings too early."""
        self._next_read_at = 0.0

    async def read(self, deadline: float) -> list[bytes]:
        """The payloads; none at the stream's end. Raises TimeoutError where no event has come by `deadline`
        (the event loop's time)."""
        pause = self._next_read_at - self._loop.time()
        if pause >= LEAST_PAUSE_SECONDS:
            await asyncio.sleep(pause)
        self._deadline = deadline
        if self._timer is None or self._timer.when() > deadline:
            self._set_timer(deadline)
        while not self._ended:
            chunk = await self._content.readany()
            self._ended = not chunk
            self._left -= len(chunk)
            if self._left < 0:
                raise UpstreamFailure("error")
            payloads = self._parser.feed(chunk) if chunk else self._parser.finish()
            if payloads:
                self._deadline = None
                self._next_read_at = self._loop.time() + EVENT_SECONDS * SseStream.open
                return payloads
        return []

    def _set_timer(self, deadline: float) -> None:
        self._cancel_timer()
        self._timer = self._loop.call_at(deadline, self._rung)

    def _rung(self) -> None:
        self._timer = None
        if self._deadline is None:
            return
        if self._deadline <= self._loop.time():
            self._content.set_exception(TimeoutError())
        else:
            self._set_timer(self._deadline)

    def close(self) -> None:
        SseStream.open -= 1
        self._cancel_timer()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def drain(self, timeout: float = 1.0) -> None:
        """Read to the end what is left, so that the connection can serve the next call; give up after
        `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while await self._content.readany():
                    pass
        except (TimeoutError, aiohttp.ClientError):
            return
