"""What is asked in the same round of the event loop, answered together."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
Q = TypeVar("Q")
A = TypeVar("A")

AT_ONCE = 16
"""How many are answered together at most: the others' turn is in the rounds that follow, so that none takes
long."""


class Batch(Generic[K, Q, A]):
    """Collects the questions of one `key`, which `answer` answers some at a time.

    They are collected for a round, and their askers go on in the one after it: so long nobody waits who asks
    alone.
    """

    def __init__(self, answer: Callable[[K, Sequence[Q]], Sequence[A]]) -> None:
        self._answer = answer
        self._asked: dict[K, list[tuple[Q, asyncio.Future[A]]]] = {}
        self._collecting = False
        """Whether more than one was asked in the round that was last looked at."""
        self._in_round = False
        """Whether one was answered in this round."""

    async def ask(self, key: K, question: Q) -> A:
        """The answer to `question`. Raises what `answer` raises, as does each that was asked with it."""
        loop = asyncio.get_running_loop()
        if not (self._collecting or self._in_round):
            self._in_round = True
            loop.call_soon(self._next_round)
            return self._answer(key, [question])[0]
        self._collecting = True
        answered: asyncio.Future[A] = loop.create_future()
        if key not in self._asked:
            self._asked[key] = []
            loop.call_soon(self._answer_all, key)
        self._asked[key].append((question, answered))
        return await answered

    def _next_round(self) -> None:
        self._in_round = False

    def _answer_all(self, key: K) -> None:
        asked = self._asked.pop(key)
        self._collecting = len(asked) > 1
        if len(asked) > AT_ONCE:
            self._asked[key] = asked[AT_ONCE:]
            asyncio.get_running_loop().call_soon(self._answer_all, key)
        questions, waiting = zip(*asked[:AT_ONCE], strict=True)
        try:
            answers = self._answer(key, questions)
        except Exception as error:  # noqa: BLE001 (raised to everybody who asked)
            for answered in waiting:
                if not answered.done():
                    answered.set_exception(error)
            return
        for answered, answer in zip(waiting, answers, strict=True):
            if not answered.done():
                answered.set_result(answer)
