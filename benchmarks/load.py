"""Readers of streams: `python -m benchmarks.load PLAN` prints the figures as one line of JSON.

A process of its own that does as little as can be: it counts the paced upstream's words in what the socket
gives, and takes the time. PLAN is the JSON of a `Plan`.
"""

import asyncio
import re
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
import uvloop

from benchmarks.pace import Pace
from benchmarks.statistics import Figures, Reading, figures

WORD = re.compile(rb"word\d+(?=\D)")
"""A word whose end has come, so that none is counted twice where a segment ends inside it."""

LONGEST_WORD = 12
QUESTION = "Which secrets does the Space need? ({})"
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Plan:
    """`readers` ask `url` for streams of the pace `model`: all at once and once each; or, where `rounds` is
    more, spread over the time of one stream and again as soon as a stream has ended.

    Every reader asks a question of its own, numbered from `first_question`: the answer to a question that
    others just ask may be shared. `patience` in seconds bounds the wait for a stream beyond its own time.
    """

    url: str
    readers: int
    model: str
    rounds: int = 1
    first_question: int = 0
    patience: float = 60.0

    def json(self) -> str:
        return orjson.dumps(asdict(self)).decode()


class Reader(asyncio.Protocol):
    """One connection, which asks one question after the other."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._tail = b""
        self._words = 0
        self._head_awaited = True
        self._reading = Reading(0.0, [])
        self._ended: asyncio.Future[None] | None = None
        self._lost = asyncio.get_running_loop().create_future()

    async def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
            await self._lost

    async def read(self, request: bytes, patience: float) -> Reading:
        """Ask, and read to the stream's end, or to the end of the patience."""
        self._tail, self._words, self._head_awaited = b"", 0, True
        self._ended = asyncio.get_running_loop().create_future()
        reading = self._reading = Reading(time.perf_counter(), [])
        if self._transport is None or self._transport.is_closing():
            return reading
        self._transport.write(request)
        try:
            await asyncio.wait_for(self._ended, patience)
        except TimeoutError:
            self._transport.close()
        return reading

    def connection_made(self, transport: Any) -> None:  # uvloop's are no subclasses of asyncio's
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._head_awaited:
            self._head_awaited = False
            if not data.startswith(b"HTTP/1.1 200 "):
                self._end()  # a refusal: the stream counts as lost
        data = self._tail + data
        found = WORD.findall(data)
        if found:
            self._words += len(found)
            self._reading.arrivals.append((time.perf_counter(), self._words))
            data = data[data.rindex(found[-1]) + len(found[-1]) :]
        self._tail = data[-LONGEST_WORD:]
        if data.endswith(b"\r\n0\r\n\r\n") or data == b"0\r\n\r\n":
            self._end()

    def connection_lost(self, _error: Exception | None) -> None:
        self._lost.set_result(None)
        self._end()

    def _end(self) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)


async def measure(plan: Plan) -> Figures:
    """Connect every reader, let them ask, and sum up what they saw."""
    pace = Pace.of(plan.model)
    if pace is None:
        raise ValueError("the model's name tells no pace")
    address = urlsplit(plan.url)
    loop = asyncio.get_running_loop()
    patience = pace.seconds + plan.patience
    readers = [
        (await loop.create_connection(Reader, address.hostname or "", address.port or 80))[1]
        for _ in range(plan.readers)
    ]

    def asking(number: int) -> bytes:
        # The model is for the upstream, when it is read without a subject; subjects have one of their own.
        body = {"message": QUESTION.format(_word(number)), "model": plan.model, "deltas": pace.deltas}
        return _request(address.path or "/", address.netloc, orjson.dumps(body))

    began = time.perf_counter()
    try:
        readings = await asyncio.gather(
            *(_rounds(reader, place, plan, asking, pace, patience) for place, reader in enumerate(readers))
        )
        elapsed = time.perf_counter() - began
    finally:
        await asyncio.gather(*(reader.close() for reader in readers))
    return figures([reading for several in readings for reading in several], pace, elapsed)


async def _rounds(
    reader: Reader, place: int, plan: Plan, asking: Callable[[int], bytes], pace: Pace, patience: float
) -> list[Reading]:
    if plan.rounds > 1:
        await asyncio.sleep(pace.seconds * place / plan.readers)
    first = plan.first_question + place
    return [
        await reader.read(asking(first + plan.readers * round_), patience) for round_ in range(plan.rounds)
    ]


def _word(number: int) -> str:
    """The number in letters: one with digits is taken for a name, which the documents do not know."""
    number, letter = divmod(number, len(LETTERS))
    return (_word(number) if number else "") + LETTERS[letter]


def _request(path: str, host: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    return f"{head}Accept: text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


if __name__ == "__main__":
    figures_ = uvloop.run(measure(Plan(**orjson.loads(sys.argv[1]))))
    print(orjson.dumps(figures_.json()).decode())
