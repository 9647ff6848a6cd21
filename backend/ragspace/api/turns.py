"""Turns: which of the waiting questions is next, where more are asked than may be answered at once."""

import asyncio
from collections import OrderedDict, deque

from ragspace.errors import RateLimited

RETRY_SECONDS = 5


class Turns:
    """At most `at_once` turns are taken; up to `waiting` more questions wait, for `seconds` at most.

    Clients take turns round robin, so that one who asks much waits for himself. Where no place is left, the
    client with the most waiting questions loses the newest of them to one who has fewer.
    """

    def __init__(self, at_once: int, waiting: int, seconds: float) -> None:
        self._free = at_once
        self._places = waiting
        self._seconds = seconds
        self._waiting: OrderedDict[str, deque[asyncio.Future[bool]]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How many questions wait."""
        return sum(len(line) for line in self._waiting.values())

    async def take(self, client: str) -> bool:
        """Take a turn, to be given back; whether it had to be waited for. Raises RateLimited where no turn
        comes in time."""
        if self._free > 0:
            self._free -= 1
            return False
        turn = self._line_up(client)
        timer = asyncio.get_running_loop().call_later(self._seconds, _settle, turn, False)
        try:
            granted = await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.give_back()
            raise
        finally:
            timer.cancel()
            self._leave(client, turn)
        if not granted:
            raise RateLimited(retry_after=RETRY_SECONDS)
        return True

    def give_back(self) -> None:
        """The answer has ended: the turn is the next client's."""
        while self._waiting:
            client, line = self._waiting.popitem(last=False)
            turn = line.popleft()
            if line:
                self._waiting[client] = line
            if _settle(turn, True):
                return
        self._free += 1

    def _line_up(self, client: str) -> "asyncio.Future[bool]":
        if self.waiting >= self._places:
            self._make_room(client)
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, deque()).append(turn)
        return turn

    def _make_room(self, client: str) -> None:
        busiest = max(self._waiting, key=lambda name: len(self._waiting[name]), default=None)
        own = len(self._waiting.get(client, ()))
        if busiest is None or len(self._waiting[busiest]) <= own + 1:
            raise RateLimited(retry_after=RETRY_SECONDS)
        newest = self._waiting[busiest][-1]
        _settle(newest, False)
        self._leave(busiest, newest)

    def _leave(self, client: str, turn: "asyncio.Future[bool]") -> None:
        line = self._waiting.get(client)
        if line is not None and turn in line:
            line.remove(turn)
            if not line:
                del self._waiting[client]


def _settle(turn: "asyncio.Future[bool]", granted: bool) -> bool:
    if turn.done():
        return False
    turn.set_result(granted)
    return True
