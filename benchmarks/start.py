"""From process start to the first answers, on the built-in parts with the sample corpus."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.error import URLError

import psutil

from benchmarks.report import table

RUNS = 7
PORT = 17860
MUST_NOT_LOAD = ("pypdf", "docutils", "selectolax", "openai", "google.genai", "qdrant_client", "asyncpg")
REFERENCE = "import fastapi, uvicorn"


def measure() -> str:
    """Time from process start to `live` and to `healthy`, memory when idle, and what is not loaded."""
    live: list[float] = []
    healthy: list[float] = []
    memory: list[float] = []
    with tempfile.TemporaryDirectory() as data_dir:
        first = _start(Path(data_dir))
        for _ in range(RUNS):
            to_live, to_healthy, mb = _start(Path(data_dir))
            live.append(to_live)
            healthy.append(to_healthy)
            memory.append(mb)
    reference = [_seconds([sys.executable, "-c", REFERENCE]) for _ in range(RUNS)]
    rows = [
        ["to the first 200 of `/api/health/live`", *_figures(live, reference), "< 1 s"],
        ["to `healthy`", *_figures(healthy, reference), "< 3 s"],
        ["very first start: to `healthy`", f"{first[1]:.2f} s", "", "< 3 s"],
        ["memory when idle (RSS)", f"{statistics.median(memory):.0f} MB", "", "< 250 MB"],
    ]
    head = (
        f"## Start\n\nBuilt-in parts, sample corpus; reference: a process that does `{REFERENCE}` and ends ("
    )
    head += f"{statistics.median(reference):.2f} s).\n\n"
    loaded = _loaded_by_the_app()
    foot = f"\n\nThe application loads none of {', '.join(f'`{name}`' for name in MUST_NOT_LOAD)}"
    foot += ": checked." if not loaded else f", but for {', '.join(loaded)}."
    return head + table(["from process start", "median", "× reference", "aim"], rows) + foot


def _figures(seconds: list[float], reference: list[float]) -> list[str]:
    median = statistics.median(seconds)
    return [f"{median:.2f} s", f"{median / statistics.median(reference):.1f}"]


def _start(data_dir: Path) -> tuple[float, float, float]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(data_dir),
        "RAGSPACE_DATA_DIR": str(data_dir / "data"),
    }
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "ragspace", "serve", "--port", str(PORT)],
        env=environment,
        cwd=data_dir,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for("/api/health/live", process)
        live = time.perf_counter() - started
        _wait_for("/api/health", process)
        healthy = time.perf_counter() - started
        _ask()
        time.sleep(1)
        memory = psutil.Process(process.pid).memory_info().rss / 2**20
    finally:
        process.terminate()
        process.wait(30)
    return live, healthy, memory


def _wait_for(path: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=1) as response:
                if response.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.005)
    raise RuntimeError(f"the server did not answer {path}")


def _ask() -> None:
    body = json.dumps({"message": "Which secrets does the Space need?"}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{PORT}/api/chat", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = response.read()
    if b"GEMINI_API_KEY" not in answer:
        raise RuntimeError("the sample corpus was not found")


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - started


def _loaded_by_the_app() -> list[str]:
    """Which of MUST_NOT_LOAD a process holds that made the application for the built-in parts."""
    code = (
        "import sys; from ragspace.app import create_app; from ragspace.settings import Settings;"
        "create_app(Settings.load({}));"
        f"print(' '.join(name for name in {MUST_NOT_LOAD!r} if name in sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return shown.stdout.split()
