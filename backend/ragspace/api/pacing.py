"""The order in which questions that come together are dealt with: one after the other, not all at once."""

import asyncio
from collections import deque

from starlette.types import ASGIApp, Receive, Scope, Send

ROUNDS = 24
"""The rounds of the event loop in which all that wait are let in, however many they are: in a long round,
what comes for the streams that run already leaves together."""


class Pacing:
    """Lets requests to `method` and `path` in one by one, in a rush a few in each round of the event loop.

    A question takes several steps before the model is asked. Were each step done for all questions before
    the next step for any, the first would be asked as late as the last.
    """

    def __init__(self, app: ASGIApp, method: str, path: str) -> None:
        self._app = app
        self._paced = (method, path)
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._pausing = False
        """Whether one was let in in this round."""
        self._a_round = 1
        """How many are let in in each, until nobody waits."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["method"], scope["path"]) == self._paced:
            await self._let_in()
        await self._app(scope, receive, send)

    async def _let_in(self) -> None:
        loop = asyncio.get_running_loop()
        if self._pausing:
            turn: asyncio.Future[None] = loop.create_future()
            self._waiting.append(turn)
            self._a_round = max(self._a_round, 1 + len(self._waiting) // ROUNDS)
            await turn
        else:
            self._pausing = True
            loop.call_soon(self._next_round)

    def _next_round(self) -> None:
        self._pausing = bool(self._waiting)
        for _ in range(min(self._a_round, len(self._waiting))):
            turn = self._waiting.popleft()
            if not turn.cancelled():
                turn.set_result(None)
        if self._pausing:
            asyncio.get_running_loop().call_soon(self._next_round)
        else:
            self._a_round = 1
