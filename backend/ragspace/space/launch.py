"""Waiting until a Space serves one particular build: what the Hub says of it, its logs, and its own health.

A stage alone proves nothing: RUNNING and BUILD_ERROR may be left from before the upload, and a Space that is
asleep goes on only when it is visited.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ragspace.space import stages
from ragspace.space.diagnosis import DEFAULT_PORT, diagnose, of_silence
from ragspace.space.failures import SpaceFailure
from ragspace.space.hub import Hub, LogName, Runtime
from ragspace.space.progress import Progress
from ragspace.space.serving import Serving, ask, is_new

STALE_SECONDS = 30.0
"""For so long after an upload a broken stage that was there before may be the old build's."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that each phase may take, and between two looks."""

    build: float = 1800.0
    start: float = 600.0
    poll: float = 2.0
    stale: float = STALE_SECONDS


@dataclass(frozen=True, slots=True)
class Awaited:
    """The build that is waited for. `before` is the Space's stage before the change; `commit` is None where
    nothing was uploaded, `restarted` (of time.monotonic) is set where only a restart was asked for."""

    space_id: str
    url: str
    build_id: str
    before: str
    commit: str | None
    restarted: float | None
    private: bool
    app_port: int = DEFAULT_PORT


@dataclass(slots=True)
class Launch:
    """One wait. `wait` returns when the awaited build answers; it raises SpaceFailure with the cause where it
    never will."""

    hub: Hub
    awaited: Awaited
    limits: Limits
    progress: Progress
    _since: float = 0.0
    _moved: bool = False
    _starting: bool = False
    _deadline: float = 0.0
    _logs: dict[LogName, "_FollowedLog"] = field(default_factory=dict)

    def wait(self) -> None:
        self._since = time.monotonic()
        self._deadline = self._since + self.limits.build
        restarted = self.awaited.restarted is not None
        self.progress.phase(f"Waiting for the {'restart' if restarted else 'build'}")
        try:
            while not is_new(self._serving(), self.awaited.build_id, self.awaited.restarted):
                self._look()
                time.sleep(self.limits.poll)
        finally:
            for log in self._logs.values():
                log.stop()

    def _serving(self) -> Serving | None:
        return ask(self.awaited.url, self.hub.token if self.awaited.private else None)

    def _look(self) -> None:
        """One look at the stage; raises SpaceFailure where it is the end."""
        try:
            runtime = self.hub.runtime(self.awaited.space_id)
        except SpaceFailure as failure:
            # The Hub may be away for a moment while the Space is well.
            if failure.kind not in ("hub", "rate_limited") or self._late():
                raise
            return
        stage = runtime.stage
        self._moved = self._moved or self._is_ours(runtime)
        if stage in stages.BUILDING:
            # New secrets restart the old build on the way to the new one.
            self._starting = False
            self._deadline = self._since + self.limits.build
            self._follow("build", "Building the image")
        elif self._moved and (stage in stages.STARTING or stage == "RUNNING"):
            self._begin_start()
        elif stage in stages.BROKEN and (self._moved or self._old(self.limits.stale)):
            raise self._diagnosed(runtime)
        if self._late():
            raise self._too_late(runtime)

    def _is_ours(self, runtime: Runtime) -> bool:
        """Whether this stage can only come of the change: an old build that starts or ends proves nothing."""
        awaited = self.awaited
        if awaited.commit is None:
            return runtime.stage != awaited.before
        own_end = runtime.stage in stages.BROKEN - {"RUNTIME_ERROR"} and runtime.stage != awaited.before
        return own_end or runtime.stage in stages.BUILDING or runtime.commit == awaited.commit

    def _begin_start(self) -> None:
        if not self._starting:
            self._starting = True
            self._deadline = time.monotonic() + self.limits.start
        self._follow("run", "Starting the application")

    def _follow(self, name: LogName, doing: str) -> None:
        if name not in self._logs:
            self.progress.phase(doing)
            self._logs[name] = _FollowedLog(self.hub, self.awaited.space_id, name, self.progress)

    def _old(self, seconds: float) -> bool:
        return time.monotonic() > self._since + seconds

    def _late(self) -> bool:
        return time.monotonic() > self._deadline

    def _diagnosed(self, runtime: Runtime) -> SpaceFailure:
        logs: Mapping[str, LogName] = {"BUILD_ERROR": "build", "RUNTIME_ERROR": "run"}
        lines = self._lines(logs[runtime.stage]) if runtime.stage in logs else []
        return diagnose(self.awaited.space_id, runtime, lines, self.awaited.app_port)

    def _too_late(self, runtime: Runtime) -> SpaceFailure:
        space_id = self.awaited.space_id
        if self._starting:
            if runtime.stage == "RUNNING":
                return SpaceFailure(
                    "timeout",
                    "The Space runs, and this build does not answer at its address.",
                    f"Look at its log: ragspace logs {space_id}. Then try: ragspace restart {space_id}",
                )
            return of_silence(space_id, self._lines("run"), self.awaited.app_port)
        meanwhile = stages.meaning(runtime.stage)
        if stages.meaning(self.awaited.before) == meanwhile:
            meanwhile += ", as before the upload"
        return SpaceFailure(
            "timeout",
            f"The new build is not there after {self.limits.build:.0f} s; the Space is {meanwhile}.",
            f"Look at the build: ragspace logs {space_id} --build. Then build again from nothing: "
            f"ragspace restart {space_id} --factory",
        )

    def _lines(self, name: LogName) -> Sequence[str]:
        """The whole log: of what was followed the end may be missing yet."""
        followed = self._logs.get(name)
        try:
            lines = list(self.hub.log(self.awaited.space_id, name))
        except SpaceFailure:
            lines = []
        return lines or (followed.lines if followed else [])


class _FollowedLog:
    """Passes the lines of one log on to `progress` as they come, until it is stopped."""

    def __init__(self, hub: Hub, space_id: str, name: LogName, progress: Progress) -> None:
        self.lines: list[str] = []
        self._stopped = threading.Event()
        self._source = (hub, space_id, name)
        self._progress = progress
        # The client reads without a way to interrupt it; a daemon does not hold the process back.
        threading.Thread(target=self._run, name=f"log {name}", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        hub, space_id, name = self._source
        try:
            for line in hub.log(space_id, name, follow=True):
                if self._stopped.is_set():
                    return
                self.lines.append(line)
                self._progress.log(name, line)
        except Exception:  # noqa: BLE001 - a log is a courtesy: the wait goes on without it
            return
