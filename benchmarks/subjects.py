"""What is measured: a server that answers questions in streams, and how it is started."""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psutil

from benchmarks.load import Plan
from benchmarks.pace import Pace
from benchmarks.processes import PATIENCE_S, load, running, wait_for
from benchmarks.statistics import Figures
from tests.support.servers import LOOPBACK, free_port

PYTHON = (sys.executable, "-m")


@dataclass(frozen=True, slots=True)
class Subject:
    """A server. In `command` and `environment`, `{port}`, `{upstream}`, `{model}` and `{home}` (an empty
    directory) are filled in. It is ready when `ready` answers 200; `ask` is where questions are posted."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ask: str = "/"
    ready: str = "/health"
    live: str = "/health"


RAGSPACE = Subject(
    "ragspace",
    (*PYTHON, "ragspace", "serve", "--port", "{port}"),
    {
        "RAGSPACE_DATA_DIR": "{home}",
        "LLM_BASE_URL": "{upstream}/v1",
        "LLM_MODEL": "{model}",
        "RATE_LIMIT": "100000000/minute",
        "MAX_RUNNING_ANSWERS": "100000",
        "ANSWER_CACHE_ANSWERS": "0",
        "LOG_LEVEL": "WARNING",
    },
    ask="/api/chat",
    ready="/api/health",
    live="/api/health/live",
)
"""On the built-in parts, without the answer cache, which would spare it the work that is measured."""

RAGSPACE_GEMINI = Subject(
    "ragspace",
    RAGSPACE.command,
    {
        **{name: value for name, value in RAGSPACE.environment.items() if not name.startswith("LLM_")},
        "GEMINI_API_KEY": "a-key-for-the-paced-upstream",
        "GEMINI_BASE_URL": "{upstream}",
        "GEMINI_MODEL": "{model}",
    },
    RAGSPACE.ask,
    RAGSPACE.ready,
    RAGSPACE.live,
)
"""Answers and embeddings from the upstream, in Gemini's protocol; the built-in index, SQLite."""

RELAY = Subject("relay", (*PYTHON, "benchmarks.relay", "{port}", "{upstream}", "{model}"))


@dataclass(frozen=True, slots=True)
class Running:
    """A subject's server, that answers questions at `pace`. `numbers` tell questions that were never asked
    before."""

    subject: Subject
    process: psutil.Process
    address: str
    pace: Pace
    numbers: Iterator[int] = field(default_factory=lambda: count(100_000, 10_000))

    def load(
        self, readers: int, *, fresh: bool = False, rounds: int = 1, patience: float = PATIENCE_S
    ) -> Figures:
        """What `readers` see who all ask at once, the same questions as the last time or `fresh` ones; with
        more `rounds`, see `Plan`."""
        first = next(self.numbers) if fresh else 0
        url = f"{self.address}{self.subject.ask}"
        return load(Plan(url, readers, self.pace.model, rounds, first, patience))

    @property
    def health(self) -> str:
        return f"{self.address}{self.subject.ready}"


@contextmanager
def upstream() -> Iterator[str]:
    """The paced upstream's address, for the time of the block."""
    port = free_port()
    with running([*PYTHON, "benchmarks.upstream", str(port)]) as process:
        wait_for(f"http://{LOOPBACK}:{port}/v1/models", process)
        yield f"http://{LOOPBACK}:{port}"


@contextmanager
def started(subject: Subject, upstream: str, pace: Pace) -> Iterator[Running]:
    """`subject` on an empty directory, ready, answering at `pace` by `upstream`."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        yield stack.enter_context(started_in(home, subject, upstream, pace))


@contextmanager
def started_in(
    home: Path, subject: Subject, upstream: str, pace: Pace, *, until: str | None = None
) -> Iterator[Running]:
    """The same in the directory `home`, as soon as `until` (by default, `ready`) answers."""
    port = free_port()
    known = {"{port}": str(port), "{upstream}": upstream, "{model}": pace.model, "{home}": str(home)}

    def filled(text: str) -> str:
        for name, value in known.items():
            text = text.replace(name, value)
        return text

    command = [filled(part) for part in subject.command]
    environment = {name: filled(value) for name, value in subject.environment.items()} | {"HOME": str(home)}
    address = f"http://{LOOPBACK}:{port}"
    with running(command, environment) as process:
        wait_for(f"{address}{until or subject.ready}", process)
        yield Running(subject, process, address, pace)
