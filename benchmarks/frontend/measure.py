"""Two sections of the report: weight, time to pixels and smoothness; and Lighthouse's marks."""

import gzip
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Browser

from benchmarks.frontend import lighthouse
from benchmarks.frontend.answer import START, TOKENS
from benchmarks.frontend.reader import DESKTOP, PHONE, Watched, chromium, watch
from benchmarks.report import table
from tests.support import programs
from tests.support.server import RunningServer

PORT = 18301
URL = f"http://127.0.0.1:{PORT}"
SITE_PORT = 18302
SITE = f"http://127.0.0.1:{SITE_PORT}/embedding.html"
PAGE, NAIVE, PLAIN = f"{URL}/", f"{URL}/reference.html", f"{URL}/reference.html?plain"
RUNS = 3
LONG_PACE = 100
"""Tokens a second: so slow an answer has some 3,000 frames, and is watched once."""
AIM_BYTES = 40_000
STREAMS = [
    ("mixed", 100, DESKTOP, True),
    ("mixed", 1000, DESKTOP, False),
    ("mixed", 100, PHONE, False),
    ("list", 1000, DESKTOP, False),
]
"""Text, tokens a second, device, and whether the reference is measured, too."""


def measure() -> str:
    """Raises RuntimeError where the front end is not built."""
    built = programs.built_frontend()
    if built is None:
        raise RuntimeError("the front end is not built: `make setup` builds it")
    with _paced_service(PORT), chromium() as browser:
        parts = [_weight(built), _pixels(browser), _streams(browser)]
    return "## Front end\n\n" + "\n\n".join([*parts, _load()])


def judge() -> str:
    """Lighthouse's marks; installs it first. Raises NodeFailed where that cannot be done."""
    lighthouse.install()
    with _paced_service(SITE_PORT):
        return f"## Lighthouse\n\n{_marks()}\n\n{_load()}"


def _weight(built: Path) -> str:
    page = [built / "index.html", built / "favicon.svg", *(built / "assets").iterdir()]
    page = [file for file in page if file.suffix != ".map"]
    widget = built / "widget.js"
    rows = [
        ["`widget.js`", *_bytes([widget]), f"≤ {AIM_BYTES:,} B"],
        ["the page, with the widget", *_bytes([widget, *page]), ""],
    ]
    return table(["", "bytes", "gzip", "aim"], rows)


def _bytes(files: list[Path]) -> list[str]:
    contents = [file.read_bytes() for file in files]
    packed = sum(len(gzip.compress(content, 9)) for content in contents)
    return [f"{sum(map(len, contents)):,}", f"{packed:,}"]


def _pixels(browser: Browser) -> str:
    question = "marks at 20 tokens/s"
    ours, plain = ([watch(browser, url, question) for _ in range(RUNS)] for url in (PAGE, PLAIN))
    rows = [[f"p{share:.0%}".rstrip("%"), _ms(ours, share), _ms(plain, share)] for share in (0.5, 0.95)]
    rows.insert(0, ["the first token", _ms(ours, 0, ordered=False), _ms(plain, 0, ordered=False)])
    head = (
        "From the writing of a token's event by the server to the frame that shows it; at 60 frames a second "
        "the next frame is 8 ms away in the mean. Reference: a page that appends the text to an element, as "
        "it comes, without Markdown.\n\n"
    )
    return head + table(["byte to pixels", "page", "reference"], rows)


def _ms(watched: list[Watched], share: float, *, ordered: bool = True) -> str:
    """Over the runs, the median of the time at `share` of the tokens, in the order of time or of the text."""
    times = [sorted(each.to_pixels_ms) if ordered else each.to_pixels_ms for each in watched]
    return f"{statistics.median(each[int(len(each) * share)] for each in times):.0f} ms"


def _streams(browser: Browser) -> str:
    rows = []
    for name, pace, device, has_reference in STREAMS:
        question = f"{name} at {pace} tokens/s"
        runs = RUNS if pace > LONG_PACE else 1
        ours = [watch(browser, PAGE, question, device) for _ in range(runs)]
        naive = [watch(browser, NAIVE, f"start at {pace} tokens/s", device)] if has_reference else []
        rows.append([f"{_told(name)}, {pace} tokens/s, {device.name}", *_smoothness(ours, naive)])
    head = (
        f"An answer of {TOKENS:,} tokens, page / reference: a page that makes the whole text anew with "
        f"marked and DOMPurify at every token; only its first {START:,}, since its effort grows with their "
        "square. What takes 50 s is measured once. One list is one block that is not complete before its "
        "end. A long task holds the page up for more than 50 ms; the end of the answer, and the colours of "
        "its code, are counted.\n\n"
    )
    columns = [
        "answer",
        "frames/s",
        "frames dropped",
        "long tasks",
        "longest",
        "main thread busy",
        "nodes added",
    ]
    return head + table(columns, rows)


def _told(name: str) -> str:
    return {"mixed": "prose, code, tables, lists", "list": "one list"}[name]


def _smoothness(ours: list[Watched], naive: list[Watched]) -> list[str]:
    def both(figure: str, form: str) -> str:
        shown = [
            statistics.median(getattr(each, figure) for each in all_of) for all_of in (ours, naive) if all_of
        ]
        return " / ".join(form.format(value) for value in shown)

    return [
        both("frames_per_s", "{:.1f}"),
        both("dropped", "{:,.0f}"),
        both("long_tasks", "{:,.0f}"),
        both("longest_ms", "{:,.0f} ms"),
        both("busy", "{:.0%}"),
        both("nodes_added", "{:,.0f}"),
    ]


def _marks() -> str:
    rows = []
    with tempfile.TemporaryDirectory() as home:
        settings = {"ALLOWED_ORIGINS": f"http://127.0.0.1:{SITE_PORT}", "RATE_LIMIT": "1000/minute"}
        with RunningServer(Path(home), settings) as server:
            pages = {
                "the page, from the Space": server.url,
                "a site with the chat": f"{SITE}?chat={server.url}",
                "the same without (reference)": SITE,
            }
            for name, url in pages.items():
                for desktop in (True, False):
                    found = lighthouse.marks(url, desktop=desktop)
                    rows.append([f"{name}, {'desktop' if desktop else 'mobile'}", *_marked(found)])
    head = "On mobile it simulates a slow phone and a slow network. Aim: at least 95 each.\n\n"
    columns = ["", *lighthouse.CATEGORIES, "largest paint", "blocked", "layout shift"]
    return head + table(columns, rows)


def _marked(found: lighthouse.Marks) -> list[str]:
    return [
        *(f"{score:.0f}" for score in found.scores.values()),
        f"{found.largest_paint_ms / 1000:.2f} s",
        f"{found.blocked_ms:.0f} ms",
        f"{found.shift:.3f}",
    ]


def _load() -> str:
    """What else the machine did: frames are the first to suffer from it."""
    return f"Load average over the last 5 minutes of this measurement: {os.getloadavg()[1]:.1f}."


@contextmanager
def _paced_service(port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.frontend.server", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(process, port)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/api/health", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError("the paced service did not start")
