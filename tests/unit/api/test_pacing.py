"""In which order requests that come together are let in."""

import asyncio
from typing import Any

from starlette.types import Receive, Scope, Send

from ragspace.api.pacing import ROUNDS, Pacing

STEPS = 3


class Steps:
    """An application that takes some steps for each request; `log` holds a request and its step."""

    def __init__(self) -> None:
        self.log: list[tuple[int, int]] = []

    async def __call__(self, scope: Scope, _receive: Receive, _send: Send) -> None:
        for step in range(STEPS):
            self.log.append((scope["number"], step))
            await asyncio.sleep(0)

    def order_of(self, step: int) -> list[int]:
        return [number for number, its in self.log if its == step]


async def nothing(*_: Any) -> Any: ...


def request(pacing: Pacing, number: int, path: str = "/ask") -> "asyncio.Task[None]":
    scope = {"type": "http", "method": "POST", "path": path, "number": number}
    return asyncio.ensure_future(pacing(scope, nothing, nothing))  # type: ignore[arg-type]


async def test_the_first_is_done_while_the_last_of_a_rush_has_not_begun() -> None:
    app = Steps()
    pacing = Pacing(app, "POST", "/ask")
    await asyncio.gather(*(request(pacing, number) for number in range(12)))

    assert app.order_of(0) == [*range(12)]
    assert app.log.index((0, STEPS - 1)) < app.log.index((11, 0))


async def test_a_great_rush_is_let_in_by_several_at_once() -> None:
    app = Steps()
    pacing = Pacing(app, "POST", "/ask")
    rush = asyncio.gather(*(request(pacing, number) for number in range(10 * ROUNDS)))
    for _ in range(4):
        await asyncio.sleep(0)

    assert len(app.order_of(0)) > 10
    await rush
    assert len(app.order_of(STEPS - 1)) == 10 * ROUNDS


async def test_one_that_comes_alone_is_let_in_at_once_and_other_requests_always_are() -> None:
    app = Steps()
    pacing = Pacing(app, "POST", "/ask")
    tasks = [*(request(pacing, number) for number in range(5)), request(pacing, 9, path="/health")]
    await asyncio.sleep(0)
    assert app.order_of(0) == [0, 9]
    await asyncio.gather(*tasks)
    for _ in range(3):
        await asyncio.sleep(0)

    alone = request(pacing, 7)
    await asyncio.sleep(0)
    assert app.order_of(0)[-1] == 7
    await alone


async def test_who_leaves_the_line_holds_nobody_up() -> None:
    app = Steps()
    pacing = Pacing(app, "POST", "/ask")
    tasks = [request(pacing, number) for number in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    await asyncio.wait(tasks)

    assert app.order_of(0) == [0, 2, 3]
