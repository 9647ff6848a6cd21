"""One Space on the stand-in Hub: its repository, its settings, and the life that it leads."""

import asyncio
import itertools
from pathlib import Path
from typing import Any

from tests.support.hub.container import Container
from tests.support.hub.edge import Edge, listens
from tests.support.hub.lives import RUNS, UNMOVED, Life
from tests.support.hub.logs import Log
from tests.support.hub.repository import Repository

_LOOK_S = 0.05
_APP_PORT = 7860


class StandInSpace:
    """`lives` are led one after another, one for each commit and restart; the last one again and again."""

    def __init__(self, space_id: str, directory: Path, *, private: bool, tells_commit: bool) -> None:
        self.id = space_id
        self.private = private
        self.sdk = "docker"
        self.repository = Repository()
        self.secrets: dict[str, dict[str, str]] = {}
        self.variables: dict[str, dict[str, str]] = {}
        self.stage = "NO_APP_FILE"
        self.stages = [self.stage]
        self.error: str | None = None
        self.restarts: list[bool] = []
        self.lives: list[Life] = [RUNS]
        self.build_log = Log()
        self.run_log = Log()
        self.container: Container | None = None
        self.token = ""
        self.edge = Edge(self._target, self._admits, self._visited)
        self._directory = directory
        self._tells_commit = tells_commit
        self._running_commit: str | None = None
        self._numbers = itertools.count()
        self._task: asyncio.Task[None] | None = None
        self._built = False

    # What the Hub tells.

    def described(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "author": self.id.partition("/")[0],
            "sha": self.repository.head,
            "private": self.private,
            "sdk": self.sdk,
            "host": self.edge.url,
            "subdomain": self.id.replace("/", "-"),
            "tags": [self.sdk],
            "likes": 0,
            "siblings": [{"rfilename": path} for path in self.repository.files],
            "runtime": self.runtime(),
        }

    def runtime(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "stage": self.stage,
            "hardware": {"current": "cpu-basic", "requested": "cpu-basic"},
            "storage": None,
            "gcTimeout": 172800,
            "replicas": {"current": 1, "requested": 1},
            "devMode": False,
            "domains": [{"domain": self.edge.url.removeprefix("http://"), "stage": "READY"}],
        }
        if self._tells_commit:
            told["sha"] = self._running_commit
        return told | ({"errorMessage": self.error} if self.error else {})

    # What happens to it.

    def committed(self) -> None:
        """A commit builds it, unless it is halted."""
        if self.stage not in ("PAUSED", "STOPPED"):
            self._begin(rebuild=True)

    def restart(self, *, factory: bool) -> None:
        self.restarts.append(factory)
        self._begin(rebuild=factory or not self._built)

    def settings_changed(self) -> None:
        """New secrets and variables count after a restart, which the Hub does by itself."""
        if self.container is not None:
            self._begin(rebuild=False, life=RUNS)

    def set_stage(self, stage: str) -> None:
        if stage != self.stage:
            self.stage = stage
            self.stages.append(stage)

    async def fall_asleep(self) -> None:
        await self._stop_container()
        self.set_stage("SLEEPING")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._stop_container()
        self.build_log.close()
        self.run_log.close()
        await self.edge.close()

    # Its life.

    def _begin(self, *, rebuild: bool, life: Life | None = None) -> None:
        if self._task is not None:
            self._task.cancel()
        if life is None:
            life = self.lives.pop(0) if len(self.lives) > 1 else self.lives[0]
        self._task = asyncio.create_task(self._live(life, rebuild))

    async def _live(self, life: Life, rebuild: bool) -> None:
        await asyncio.sleep(life.stale_s)
        if life.ends_in == UNMOVED:
            return
        self.error = None
        serving = "RUNNING_" if self.container is not None else ""
        if rebuild and not await self._build(life, serving):
            return
        self.set_stage(f"{serving}APP_STARTING")
        self._running_commit = self.repository.head
        self.run_log.close()
        self.run_log = Log()
        for line in life.run_log:
            self.run_log.write(line)
        if life.ends_in is None:
            await self._run(life)
        else:
            await asyncio.sleep(life.start_s)
            await self._end(life)

    async def _build(self, life: Life, serving: str) -> bool:
        self.set_stage(f"{serving}BUILDING")
        self.build_log = Log()
        for line in life.build_log:
            self.build_log.write(line)
            await asyncio.sleep(life.build_s / len(life.build_log))
        if life.ends_in == "BUILDING":
            return False
        self.build_log.close()
        if life.ends_in in ("BUILD_ERROR", "CONFIG_ERROR"):
            self._running_commit = self.repository.head
            await self._end(life)
            return False
        self._built = True
        return True

    async def _end(self, life: Life) -> None:
        assert life.ends_in is not None
        if life.ends_in in ("RUNTIME_ERROR", "PAUSED"):
            await self._stop_container()
            self.run_log.close()
        self.error = life.error
        self.set_stage(life.ends_in)

    async def _run(self, life: Life) -> None:
        """The new process takes over once it answers; the old one is stopped then."""
        environment = {name: secret["value"] for name, secret in (self.variables | self.secrets).items()}
        environment |= {"SPACE_ID": self.id, "SPACE_HOST": self.edge.url.removeprefix("http://")}
        for name, value in life.environment.items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value
        directory = self._directory / f"{self.id.replace('/', '-')}-{next(self._numbers)}"
        log = self.run_log
        container = Container(directory, self.repository.files, environment, log.write)
        try:
            await container.start()
            ended = asyncio.create_task(container.ended())
            reachable = container.open_to_all and container.inner_port == _APP_PORT
            while not (reachable and await listens(container.port)) and not ended.done():
                await asyncio.sleep(_LOOK_S)
        except asyncio.CancelledError:
            await container.stop()
            raise
        if ended.done():
            log.close()
            await self._stop_container()
            self.error = f"Exit code: {ended.result()}. Reason: application does not seem to be initialized"
            self.set_stage("RUNTIME_ERROR")
            return
        await self._stop_container()
        self.container = container
        self.set_stage("RUNNING")

    async def _stop_container(self) -> None:
        container, self.container = self.container, None
        if container is not None:
            await container.stop()

    # What its edge asks.

    def _target(self) -> int | None:
        return None if self.container is None else self.container.port

    def _admits(self, token: str) -> bool:
        return not self.private or token == self.token

    def _visited(self) -> None:
        if self.stage == "SLEEPING":
            self.set_stage("APP_STARTING")
            self._begin(rebuild=False)
