"""A random walk: readers ask while services are killed, paused, cut and restored; nothing is lost or left."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil
import pytest

from tests.faults.readers import Asked, reader
from tests.support import soak
from tests.support.faults.injections import inject
from tests.support.faults.proxy import reserved
from tests.support.faults.world import World
from tests.support.gemini import GeminiStandIn
from tests.support.server import RunningServer
from tests.support.skips import requires

pytestmark = [requires("node"), pytest.mark.timeout(1200 if soak.FULL else 120)]

READERS = 50
SECONDS = 600 if soak.FULL else 20
OBSERVED = Path(__file__).parents[1] / "support" / "faults" / "observed"
TIMES = {
    "CONNECT_SECONDS": "1",
    "RETRIEVAL_SECONDS": "1.5",
    "FIRST_DELTA_SECONDS": "2",
    "STALL_SECONDS": "1",
    "STORAGE_SECONDS": "2",
    "CHECK_SECONDS": "1",
    "HEAD_HOLD_SECONDS": "0.5",
    "HEALTH_INTERVAL_SECONDS": "1",
}
MEMORY_LEFT = 80 * 2**20
"""Bytes that the finished answers of the last five minutes, and the allocator, may keep."""

NOT_TAKEN = ("storage_unavailable", "starting", "shutting_down", "rate_limited")
FAULTS = {
    "qdrant": ("refused", "unreachable", "black-holed", "slow", "reset mid-stream", "503"),
    "postgres": ("refused", "unreachable", "black-holed", "slow", "reset mid-stream", "killed", "paused"),
    "generation": ("refused", "black-holed", "slow", "reset mid-stream", "stalls mid-stream", "500", "503"),
    "embeddings": ("black-holed", "slow", "reset mid-stream", "503"),
}


@dataclass
class Left:
    """What a process holds: its tasks' names, its readers' and its own connections, its memory in bytes."""

    tasks: list[str]
    readers: int
    outgoing: int
    memory: int


@dataclass
class Walk:
    """Chooses what happens next. `path` is what happened."""

    world: World
    chance: random.Random
    path: list[str] = field(default_factory=list)
    _away: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def step(self) -> None:
        if self.chance.random() < 0.5:
            await self.heal()
            return
        service = self.chance.choice(sorted(FAULTS))
        fault = self.chance.choice(FAULTS[service])
        self.path.append(f"{service} {fault}")
        if fault == "killed":
            await asyncio.to_thread(self.world.postgres.stop)
            self._away.enter_context(reserved(self.world.postgres.port))
        elif fault == "paused":
            await asyncio.to_thread(self.world.postgres.start)
            self._away.enter_context(self.world.postgres.frozen())
        else:
            await inject(self.world, service, fault)

    async def heal(self) -> None:
        self.path.append("all is well")
        await asyncio.to_thread(self.world.postgres.start)
        await self._away.aclose()
        await self.world.heal()


@pytest.fixture
async def server(faulty_world: World, gemini: GeminiStandIn, tmp_path: Path) -> AsyncIterator[RunningServer]:
    environment = {
        **faulty_world.on_loopback,
        **TIMES,
        "PYTHONPATH": str(OBSERVED),
        "RAGSPACE_TASKS_FILE": str(tmp_path / "tasks"),
    }
    running = RunningServer(tmp_path, environment)
    await asyncio.to_thread(running.start)
    yield running
    await asyncio.to_thread(running.stop)


async def left(server: RunningServer, tmp_path: Path) -> Left:
    file = tmp_path / "tasks"
    file.unlink(missing_ok=True)
    os.kill(server.pid, signal.SIGUSR1)
    async with asyncio.timeout(10):
        while not file.exists():
            await asyncio.sleep(0.02)
    process = psutil.Process(server.pid)
    connections = [
        connection
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_ESTABLISHED
    ]
    readers = sum(connection.laddr.port == server.port for connection in connections)
    tasks = file.read_text().splitlines()
    return Left(tasks, readers, len(connections) - readers, process.memory_info().rss)


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.1)


async def test_every_question_ends_once_whatever_happens_to_the_services(
    server: RunningServer, faulty_world: World, tmp_path: Path
) -> None:
    seed = soak.seed()
    soak.tell(f"RAGSPACE_SEED={seed}")
    chance = random.Random(seed)
    walk = Walk(faulty_world, random.Random(chance.random()))
    asked: list[Asked] = []
    timeout = aiohttp.ClientTimeout(total=60)
    connector = aiohttp.TCPConnector(limit=0)
    pid = server.pid
    try:
        async with aiohttp.ClientSession(server.url, timeout=timeout, connector=connector) as client:
            warm = asyncio.Event()
            warming = [reader(client, asked, random.Random(n), warm) for n in range(READERS)]
            asyncio.get_running_loop().call_later(2, warm.set)
            await asyncio.gather(*warming)
        before = await settled(server, tmp_path, None)

        over = asyncio.Event()
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(server.url, timeout=timeout, connector=connector) as client:
            chances = [random.Random(chance.random()) for _ in range(READERS)]
            readers = [asyncio.create_task(reader(client, asked, each, over)) for each in chances]
            async with asyncio.TaskGroup() as group:
                walking = group.create_task(_walk(walk, over))
                asyncio.get_running_loop().call_later(SECONDS, over.set)
                await over.wait()
            assert walking.done()
            await walk.heal()
            await asyncio.gather(*readers)
        await until(lambda: server.health()["status"] == "healthy")
        await until(lambda: "pending_writes" not in server.health()["services"]["postgres"])

        assert await wrong(faulty_world, asked) == []
        after = await settled(server, tmp_path, before)
        assert after.tasks == before.tasks
        assert after.readers == 0
        assert after.outgoing <= before.outgoing + READERS, "more than the pools of two bursts"
        assert after.memory < before.memory + MEMORY_LEFT
        assert server.pid == pid
        ends = {end: sum(each.end == end for each in asked) for end in ("done", "error", None)}
        memory = f"{before.memory >> 20} to {after.memory >> 20} MB"
        soak.tell(f"{len(asked)} questions, {len(walk.path)} steps, {ends}, {memory}")
        assert ends["done"]
    except BaseException:
        soak.tell("\n".join(walk.path))
        await walk.heal()
        raise


async def _walk(walk: Walk, over: asyncio.Event) -> None:
    while not over.is_set():
        await asyncio.sleep(walk.chance.uniform(0.2, 1.5))
        await walk.step()


async def settled(server: RunningServer, tmp_path: Path, before: Left | None) -> Left:
    """What is left when nobody asks any more."""
    async with asyncio.timeout(30):
        while True:
            now = await left(server, tmp_path)
            idle = now.readers == 0 and not any(name.startswith("_Run") for name in now.tasks)
            if idle and (before is None or now.tasks == before.tasks):
                return now
            await asyncio.sleep(0.2)


async def wrong(world: World, asked: list[Asked]) -> list[str]:
    """What is not as it was told; nothing, if all is well."""
    rows = await world.answers()
    found: list[str] = []
    for each in asked:
        statuses = [status for status, _ in rows.get(each.question, [])]
        texts = [text for _, text in rows.get(each.question, [])]
        if each.status == 200 and each.end is None:
            found.append(f"{each.question}: its stream had no end")
        elif each.code in NOT_TAKEN:
            if statuses:
                found.append(f"{each.question}: refused with {each.code}, and stored as {statuses}")
        elif len(statuses) != 1:
            found.append(f"{each.question}: {each.code or each.end}, and stored {len(statuses)} times")
        elif each.end == "done":
            if statuses != ["complete"] or texts != [each.text]:
                found.append(f"{each.question}: done, and stored as {statuses}")
        elif statuses[0] not in ("failed", "incomplete"):
            found.append(f"{each.question}: {each.code or each.end}, and stored as {statuses}")
    return found
