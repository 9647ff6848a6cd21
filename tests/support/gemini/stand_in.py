"""The stand-in for Gemini: a process of aimock and a front, both on loopback, scripted by the tests."""

import asyncio
import importlib
import subprocess
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Self

from tests.support import programs
from tests.support.gemini.front import Front, Verdict
from tests.support.gemini.replies import Answer, Canned
from tests.support.gemini.requests import Call, Request

_PATIENCE_S = 20


@dataclass
class _Script:
    verdict: Verdict
    call: Call
    model: str | None
    when: str
    left: int | None

    def fits(self, request: Request) -> bool:
        return (
            self.left != 0
            and self.call == request.call
            and self.model in (None, request.model)
            and (not self.when or any(self.when in text for text in request.texts))
        )


class GeminiStandIn:
    """Gemini, as far as the wire shows. `url` is for GEMINI_BASE_URL, `api_key` for GEMINI_API_KEY.

    Unscripted, it answers every question with `[1]` cited, embeds so that texts which share words are near
    each other, and lists its models; what Google refuses (a wrong key, an unknown model or field, a batch too
    big) it refuses in Google's words. `requests` is everything it was asked since the last reset. It runs in
    a thread and a process of its own: all of this may be used from tests with and without an event loop.
    """

    api_key = "stand-in-key"

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self._scripts: list[_Script] = []
        self._lock = threading.Lock()

    @property
    def settings(self) -> dict[str, str]:
        """What makes a service ask it."""
        return {"GEMINI_API_KEY": self.api_key, "GEMINI_BASE_URL": self.url}

    def script(
        self,
        reply: Answer | Canned | None = None,
        *,
        call: Call = "generate",
        model: str | None = None,
        when: str = "",
        times: int | None = None,
        delay_s: float = 0.0,
    ) -> Self:
        """Replies with `reply` (None: as ever, but late) to calls of this kind, until the next reset.

        Only to requests to `model`, only to those with `when` in one of their texts, and only so many
        `times`, where given. Of several scripts that fit, the first one not yet used up is taken. The reply
        begins `delay_s` seconds late.
        """
        with self._lock:
            self._scripts.append(_Script(Verdict(reply, delay_s), call, model, when, times))
        return self

    def reset(self) -> None:
        """Forgets the scripts and the requests."""
        with self._lock:
            self._scripts = []
            self.requests = []

    def asked(self, call: Call) -> list[Request]:
        """The requests of one kind since the last reset, in order."""
        return [request for request in self.requests if request.call == call]

    def _decide(self, request: Request) -> Verdict:
        with self._lock:
            self.requests.append(request)
            script = next((script for script in self._scripts if script.fits(request)), None)
            if script is None:
                return Verdict()
            if script.left is not None:
                script.left -= 1
            return script.verdict

    def __enter__(self) -> Self:
        # What requests are judged by takes the better part of a second to load: none is to wait for it.
        importlib.import_module("google.genai.types")
        self._aimock = subprocess.Popen(
            [str(programs.node()), "aimock.mjs"],
            cwd=programs.NODE_PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._aimock.stdout is not None
        aimock_url = self._aimock.stdout.readline().strip()
        if not aimock_url:
            raise RuntimeError("aimock did not start")
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        port: Future[int] = Future()
        front = Front(aimock_url, self.api_key, self._decide)
        self._thread = threading.Thread(target=self._serve, args=(front, port), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{port.result(_PATIENCE_S)}"
        return self

    def _serve(self, front: Front, port: "Future[int]") -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(front.serve(port.set_result, self._stopping))
            except BaseException as error:  # noqa: BLE001 - told to the thread that waits for the port
                if not port.done():
                    port.set_exception(error)

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_PATIENCE_S)
        with self._aimock:
            assert self._aimock.stdin is not None
            self._aimock.stdin.close()
            try:
                self._aimock.wait(5)
            except subprocess.TimeoutExpired:
                self._aimock.kill()
