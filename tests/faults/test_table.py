"""Every cell of the fault table, held against the real server over real sockets.

No clock is read: in each cell the setting that is said to end the wait is half a second, and every other one
is so long that the test would be given up before.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from ragspace import errors
from tests.faults.table import FAULTS, HEALTH_NAME, MIDNIGHT, TABLE, Cell, Service
from tests.support.chat import ask, hear
from tests.support.faults.injections import inject, proxy_of
from tests.support.faults.serving import Served, serving
from tests.support.faults.world import QUESTION, World
from tests.support.gemini import GeminiStandIn
from tests.support.skips import requires

pytestmark = requires("node")

SHORT, LONG = "0.5", "300"
TIMES = ("CONNECT_SECONDS", "RETRIEVAL_SECONDS", "FIRST_DELTA_SECONDS", "STALL_SECONDS", "STORAGE_SECONDS")
FROM_THE_START = ("DNS failure", "away at the start")
SELECTION = {"mode": "selection", "context": "A LiDAR turns ten times a second."}
PATIENCE_S = 60
MESSAGES = {
    kind.code: kind.default_message
    for kind in (
        errors.RetrievalUnavailable,
        errors.GenerationUnavailable,
        errors.GenerationTimeout,
        errors.StorageUnavailable,
        errors.QuotaExceeded,
    )
}
CELLS = [
    pytest.param(service, fault, cell, id=f"{service}: {fault}")
    for service, cells in TABLE.items()
    for fault, cell in cells.items()
    if isinstance(cell, Cell)
]


@dataclass
class Told:
    """`how` is as the table says it; `message` is for the reader."""

    how: str
    message: str | None
    retry_after: int | None
    conversation_id: str | None = None


async def tell(client: aiohttp.ClientSession, message: str, **fields: Any) -> Told:
    async with asyncio.timeout(PATIENCE_S):
        async with client.post("/api/chat", json={"message": message, **fields}) as response:
            if response.status != 200:
                error = (await response.json())["error"]
                assert response.headers.get("Retry-After") == str(error["retry_after"])
                return Told(f"{response.status} {error['code']}", error["message"], error["retry_after"])
            heard = await hear(response)
    last, conversation_id = heard.last, heard.metadata["conversation_id"]
    if last["type"] == "error":
        return Told(f"200 error {last['code']}", last["message"], last.get("retry_after"), conversation_id)
    return Told(f"200 {last['type']}", None, None, conversation_id)


class Watch:
    """Everything that the health report says of a service, as it changes."""

    def __init__(self, served: Served, service: Service) -> None:
        self.seen: set[str] = set()
        self._served = served
        self._service = HEALTH_NAME[service]
        self._asked = self._told = 0
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            self._asked += 1
            report = (await self._served.health())["services"][self._service]
            self.seen.add(report.get("reason", report["status"]))
            assert ("action" in report) == (report["status"] == "unavailable")
            self._told = self._asked
            await asyncio.sleep(0.02)

    async def look_again(self) -> None:
        """Wait for a report that is asked for from here on."""
        before = self._asked
        await self._wait_for(lambda: self._told > before)

    async def sees(self, reason: str) -> None:
        await self._wait_for(lambda: reason in self.seen)

    async def _wait_for(self, condition: Callable[[], bool]) -> None:
        """However busy the machine is; what does not come is told by what was seen."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while not condition() and not self._task.done():
                    await asyncio.sleep(0.01)

    async def ended(self) -> set[str]:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        return self.seen


async def stored_status(world: World, question: str) -> str:
    async with asyncio.timeout(PATIENCE_S):
        while not (found := (await world.answers()).get(question)) or found[0][0] == "running":
            await asyncio.sleep(0.02)
    [(status, text)] = found
    assert bool(text) == (status != "failed")
    return status


def environment(world: World, cell: Cell) -> dict[str, str]:
    times = {name: SHORT if name == cell.within else LONG for name in TIMES}
    return {
        **world.environment,
        **times,
        "CHECK_SECONDS": SHORT,
        "HEAD_HOLD_SECONDS": "0.2" if cell.within != "at once" else "30",
        "HEALTH_INTERVAL_SECONDS": "0.3",
        "DRAIN_SECONDS": "0",
    }


@pytest.mark.parametrize(("service", "fault", "cell"), CELLS)
async def test_a_fault_is_told_stored_and_recovered_from_as_the_table_says(
    faulty_world: World, gemini: GeminiStandIn, service: Service, fault: str, cell: Cell
) -> None:
    question = f"{QUESTION} ({uuid4()})"
    fields = SELECTION if service == "generation" else {}
    at_start = fault in FROM_THE_START
    if at_start:
        await inject(faulty_world, service, fault)
    try:
        async with serving(environment(faulty_world, cell)) as served:
            client, before = served.client, None
            ready = ("degraded", "unhealthy") if at_start else ("healthy",)
            await served.until(lambda report: report["status"] in ready)
            if cell.follow_up and not at_start:
                before = (await ask(client, QUESTION)).metadata["conversation_id"]
            if not at_start:
                await inject(faulty_world, service, fault)

            watch = Watch(served, service)
            told = await tell(client, question, **fields)
            if told.how != "200 done":
                # Health says so as soon as the reader is told, and the next question may change what it says.
                await watch.look_again()
            if cell.follow_up:
                again = await tell(client, QUESTION, conversation_id=before or str(uuid4()))
                assert again.how == cell.follow_up
            if cell.still_works:
                assert (await tell(client, QUESTION, **SELECTION)).how == "200 done"
            if cell.follow_up:
                # One: the question with its answer. Two, where it was tried before that was there.
                await served.until(lambda report: report["services"]["postgres"].get("pending_writes", 0) > 0)
            await watch.sees(cell.health)
            await asyncio.sleep(0.1)
            seen = await watch.ended()

            assert told.how == cell.told
            assert told.message == MESSAGES.get(told.how.split()[-1])
            assert seen - {"connected"} == {cell.health} - {"connected"}
            await _recovered(served, faulty_world, service, cell, told)
            assert await stored_status(faulty_world, question) == cell.stored
    finally:
        await faulty_world.restore()


async def _recovered(served: Served, world: World, service: Service, cell: Cell, told: Told) -> None:
    fields = SELECTION if service == "generation" else {}
    struck = proxy_of(world, service).struck
    await world.restore()
    if cell.recovers == MIDNIGHT:
        assert told.retry_after is not None
        assert 0 < told.retry_after <= 25 * 3600
        assert (await tell(served.client, QUESTION, **fields)).how == cell.told
        assert proxy_of(world, service).struck == struck
        return
    await served.until(lambda report: report["status"] == "healthy")
    async with asyncio.timeout(PATIENCE_S):
        while (await tell(served.client, QUESTION, **fields)).how != "200 done":
            await asyncio.sleep(0.1)


def test_the_table_has_a_cell_or_a_reason_for_every_fault_of_every_service() -> None:
    assert all(list(cells) == list(FAULTS) for cells in TABLE.values())
