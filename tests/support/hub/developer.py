"""A developer at a terminal: `ragspace` commands as real processes, with an environment of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.hub.checkout import Checkout
from tests.support.hub.stand_in import HubStandIn

_PATIENCE_S = 60
_HEEDING_CTRL_C = ("env", "--default-signal=INT")
"""It is ignored by what runs in a shell's background, as the tests themselves may."""
EMBEDDED = {"RAGSPACE_MODE": "embedded"}
"""Settings with which a Space runs without any account."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a command printed and how it ended. `text` is both outputs."""

    code: int
    text: str


class Developer:
    """Works in `home` with the ragspace of `checkout`, on `hub`; sees PATH, HOME, HF_ENDPOINT, HF_TOKEN and
    what a command is given, and a file `.env` in `home`. `outputs` is everything that was ever printed."""

    def __init__(self, home: Path, hub: HubStandIn, checkout: Checkout) -> None:
        home.mkdir(exist_ok=True)
        self.home = home
        self.outputs: list[str] = []
        self._hub = hub
        self._checkout = checkout

    def run(self, *arguments: str, **variables: str) -> Told:
        """One `ragspace` command to its end; nobody answers its questions."""
        return self._end(self._start(arguments, variables))

    def deploy(self, *arguments: str, **variables: str) -> Told:
        """`ragspace deploy me/demo`, with a yes to what it asks, in embedded mode unless told otherwise."""
        command = ("deploy", "me/demo", "--yes", "--poll", "0.1", *arguments)
        return self.run(*command, **{**EMBEDDED, **variables})

    def interrupt_when(
        self,
        shown: str,
        *arguments: str,
        meanwhile: tuple[str, Callable[[], None]] = ("", lambda: None),
        **variables: str,
    ) -> Told:
        """The same with Ctrl-C once it has printed `shown`. `meanwhile` is what happens once it has printed
        something else."""
        process = self._start(arguments, variables)
        assert process.stdout is not None
        output, (awaited, happen) = "", meanwhile
        deadline = time.monotonic() + _PATIENCE_S
        while shown not in output and time.monotonic() < deadline and (line := process.stdout.readline()):
            output += line
            if awaited and awaited in line:
                happen()
        process.send_signal(signal.SIGINT)
        return self._end(process, output)

    def _start(self, arguments: tuple[str, ...], variables: Mapping[str, str]) -> "subprocess.Popen[str]":
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.home),
            "HF_ENDPOINT": self._hub.url,
            "HF_TOKEN": self._hub.token,
            "COLUMNS": "200",
            "PYTHONPATH": self._checkout.python_path,
            "PYTHONUNBUFFERED": "1",
            **variables,
        }
        return subprocess.Popen(
            [*_HEEDING_CTRL_C, sys.executable, "-m", "ragspace", *arguments],
            cwd=self.home,
            env={name: value for name, value in environment.items() if value},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _end(self, process: "subprocess.Popen[str]", before: str = "") -> Told:
        try:
            rest, _ = process.communicate(timeout=_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            rest, _ = process.communicate()
            raise AssertionError(f"it did not end:\n{before}{rest}") from None
        text = before + rest
        self.outputs.append(text)
        assert "Traceback (most recent call last):\n  File" not in text, text
        return Told(process.returncode, text)
