"""From process start to the first answers: on the built-in parts, and on the services of production."""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from benchmarks.pace import Pace
from benchmarks.processes import memory_mb, wait_for
from benchmarks.report import table
from benchmarks.subjects import PYTHON, RAGSPACE, Subject, started_in, upstream
from ragspace.retrieval.sample import sample_documents
from tests.support.fresh_interpreter import MAKE_APP, modules_after
from tests.support.postgres import Postgres, postgres_url
from tests.support.qdrant import QdrantShim
from tests.support.servers import server_directory

RUNS = 7
IDLE_S = 1.0
PACE = Pace(first_ms=10, gap_ms=1, deltas=8)
MUST_NOT_LOAD = ("pypdf", "docutils", "selectolax", "openai", "google.genai", "qdrant_client", "asyncpg")
REFERENCE = "import fastapi, uvicorn"

BUILT_IN = replace(RAGSPACE, environment={"RAGSPACE_DATA_DIR": "{home}/data"})


class Start(NamedTuple):
    """Seconds until it answers and until it is ready, and its memory in MB a second after an answer."""

    live: float
    ready: float
    memory: float


def measure() -> str:
    """Time from process start to `live` and to `healthy`, memory when idle, and what is not loaded."""
    with tempfile.TemporaryDirectory() as home:
        first = start(BUILT_IN, Path(home), "")
        built_in = [start(BUILT_IN, Path(home), "") for _ in range(RUNS)]
    with tempfile.TemporaryDirectory() as home, production() as (subject, address):
        in_production = [start(subject, Path(home), address) for _ in range(RUNS)]
    reference = statistics.median(_seconds([sys.executable, "-c", REFERENCE]) for _ in range(RUNS))
    kinds = median(built_in), median(in_production)

    def row(name: str, seconds: Sequence[float], aim: str) -> list[str]:
        return [name, *(f"{each:.2f} s ({each / reference:.1f})" for each in seconds), aim]

    rows = [
        row("to the first 200 of `/api/health/live`", [kind.live for kind in kinds], "≤ 0.7 s"),
        row("to `healthy`", [kind.ready for kind in kinds], "≤ 1.5 s"),
        ["very first start: to `healthy`", f"{first.ready:.2f} s", "", "< 3 s"],
        ["memory when idle (RSS)", *(f"{kind.memory:.0f} MB" for kind in kinds), "≤ 150 MB in production"],
    ]
    head = (
        "## Start\n\nBuilt-in parts with the sample corpus; production: Gemini's protocol by the paced "
        "upstream, Qdrant's REST API by a stand-in, a real PostgreSQL, all on loopback. In brackets: as a "
        f"multiple of a process that does `{REFERENCE}` and ends ({reference:.2f} s). Idle: after an "
        "answer.\n\n"
    )
    loaded = _loaded_by_the_app()
    foot = f"\n\nOn the built-in parts none of {', '.join(f'`{name}`' for name in MUST_NOT_LOAD)} is loaded"
    foot += ": checked." if not loaded else f", but for {', '.join(loaded)}."
    return head + table(["from process start", "built-in", "production", "aim"], rows) + foot


def median(starts: Sequence[Start]) -> Start:
    """Of each figure."""
    return Start(*(statistics.median(each) for each in zip(*starts, strict=True)))


def start(subject: Subject, home: Path, upstream: str) -> Start:
    """Start `subject` in `home`, ask it a question, and end it."""
    began = time.perf_counter()
    with started_in(home, subject, upstream, PACE, until=subject.live) as server:
        live = time.perf_counter() - began
        wait_for(server.health, server.process)
        ready = time.perf_counter() - began
        server.load(1)
        time.sleep(IDLE_S)
        return Start(live, ready, memory_mb(server.process))


@contextmanager
def production() -> Iterator[tuple[Subject, str]]:
    """ragspace in production mode, its documents indexed, and the address of the upstream it needs."""
    with upstream() as address, QdrantShim() as qdrant, server_directory("postgres") as directory:
        postgres = Postgres(directory)
        postgres.start()
        try:
            database = asyncio.run(postgres.create_database())
            subject = replace(
                RAGSPACE,
                environment={
                    **BUILT_IN.environment,
                    "RAGSPACE_MODE": "production",
                    "GEMINI_API_KEY": "a-key-for-the-paced-upstream",
                    "GEMINI_BASE_URL": "{upstream}",
                    "GEMINI_MODEL": "{model}",
                    "QDRANT_URL": qdrant.url,
                    "QDRANT_API_KEY": qdrant.api_key,
                    "DATABASE_URL": postgres_url(postgres.port, database),
                    "ALLOWED_ORIGINS": "https://app.example",
                },
            )
            _ingest(subject, address)
            yield subject, address
        finally:
            postgres.stop()


def _ingest(subject: Subject, upstream: str) -> None:
    known = {"{upstream}": upstream, "{model}": PACE.model}
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ["PATH"], "HOME": home}
        for name, value in subject.environment.items():
            environment[name] = known.get(value, value).replace("{home}", home)
        command = [*PYTHON, "ragspace", "ingest", *map(str, sample_documents())]
        subprocess.run(command, env=environment, cwd=home, check=True, capture_output=True)


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began


def _loaded_by_the_app() -> list[str]:
    """Which of MUST_NOT_LOAD a process holds that made the application for the built-in parts."""
    loaded = modules_after(MAKE_APP)
    return [name for name in MUST_NOT_LOAD if name in loaded]
