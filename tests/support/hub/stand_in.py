"""The stand-in for the Hugging Face Hub: a thread that serves its API and its Spaces' edges on loopback."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self, TypeVar

from aiohttp import web

from tests.support.hub.api import Api, Person, Received, Refusal
from tests.support.hub.clock import now
from tests.support.hub.lives import RUNS, Life
from tests.support.hub.space import StandInSpace
from tests.support.servers import LOOPBACK

_PATIENCE_S = 60
T = TypeVar("T")


class HubStandIn:
    """The Hub, as far as the wire shows. `url` is for HF_ENDPOINT, `token` for HF_TOKEN: `me` may write with
    it, and has a paid plan; `free_token` and `read_token` are of `me` too.

    It keeps commits, secrets and variables, streams logs, and leads each Space through the life that a test
    gives it; the ordinary one really runs what was uploaded, in `directory`, behind an edge like that of
    Spaces. `tells_commit` makes the runtime tell its commit, as the Hub does and documents nowhere. All of it
    may be used from tests with and without an event loop.
    """

    token = "hf_marked_stand_in_write_token"
    free_token = "hf_marked_stand_in_free_token"
    read_token = "hf_marked_stand_in_read_token"
    other_token = "hf_marked_stand_in_other_token"

    def __init__(self, directory: Path, *, tells_commit: bool = False) -> None:
        self.url = ""
        self._directory = directory
        self._tells_commit = tells_commit
        people = {
            self.token: Person("me", organizations=("our-team",)),
            self.free_token: Person("me", paid=False),
            self.read_token: Person("me", role="read"),
            self.other_token: Person("somebody"),
        }
        self._api = Api(people, self._new_space)
        self._next_lives: list[Life] = [RUNS]

    # For tests.

    @property
    def received(self) -> list[Received]:
        """Every request to the API, in order."""
        return self._api.received

    def space(self, space_id: str = "me/demo") -> StandInSpace:
        return self._api.spaces[space_id]

    @property
    def space_ids(self) -> list[str]:
        return list(self._api.spaces)

    def lives(self, *lives: Life, space_id: str = "me/demo") -> None:
        """What becomes of the Space after each commit and restart from now on, whether it exists or not."""
        if space_id in self._api.spaces:
            self.space(space_id).lives = list(lives)
        else:
            self._next_lives = list(lives)

    def refuse(
        self, method: str, path: str, status: int, *, times: int | None = None, after: str | None = None
    ) -> None:
        """Answers requests to `path` with `status`; if given, from the first request to `after` on."""
        self._api.refusals.append(Refusal(method, path, status, times, after))

    def add_space(
        self,
        space_id: str = "me/demo",
        *,
        private: bool = False,
        files: Mapping[str, bytes] | None = None,
        stage: str = "NO_APP_FILE",
        secrets: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> StandInSpace:
        """A Space that was there before; what it holds does not run."""

        async def add() -> StandInSpace:
            space = await self._new_space(space_id, private)
            space.repository.files |= dict(files or {})
            space.set_stage(stage)
            for kind, given in ((space.secrets, secrets), (space.variables, variables)):
                for name, value in (given or {}).items():
                    kind[name] = {"key": name, "value": value, "updatedAt": now()}
            self._api.spaces[space_id] = space
            return space

        return self.call(add)

    def fall_asleep(self, space_id: str = "me/demo") -> None:
        self.call(self.space(space_id).fall_asleep)

    def call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of `work`, done in the stand-in's own loop."""
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(_PATIENCE_S)

    # How it runs.

    async def _new_space(self, space_id: str, private: bool) -> StandInSpace:
        space = StandInSpace(space_id, self._directory, private=private, tells_commit=self._tells_commit)
        space.token = self.token
        space.lives = list(self._next_lives)
        await space.edge.open()
        return space

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        port: Future[int] = Future()
        self._thread = threading.Thread(target=self._serve, args=(port,), daemon=True)
        self._thread.start()
        self.url = f"http://{LOOPBACK}:{port.result(_PATIENCE_S)}"
        return self

    def _serve(self, port: "Future[int]") -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._run(port))
            except BaseException as error:  # noqa: BLE001 - told to the thread that waits for the port
                if not port.done():
                    port.set_exception(error)

    async def _run(self, port: "Future[int]") -> None:
        app = self._api.application()
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, LOOPBACK, 0).start()
            port.set_result(runner.addresses[0][1])
            await self._stopping.wait()
        finally:
            for space in self._api.spaces.values():
                await space.close()
            await runner.cleanup()

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_PATIENCE_S)
