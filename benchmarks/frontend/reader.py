"""One reader in Chromium, who asks and watches the answer grow."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from tests.support import programs

PROBE = Path(__file__).with_name("probe.js")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
]
FRAME_MS = 1000 / 60
PATIENCE_MS = 600_000
AFTERWARDS_MS = 1000
"""How long after the last change what it leads to (colours for code) still counts."""


@dataclass(frozen=True, slots=True)
class Device:
    """A window, and how many times slower than this machine it computes."""

    name: str
    width: int
    height: int
    slowdown: int = 1


DESKTOP = Device("desktop", 1280, 900)
PHONE = Device("phone, a 4 times slower processor", 390, 844, slowdown=4)


@dataclass(frozen=True, slots=True)
class Watched:
    """How an answer came. `busy`: the main thread's share of the time; `to_pixels_ms`: one per mark."""

    frames_per_s: float
    dropped: int
    long_tasks: int
    longest_ms: float
    busy: float
    nodes_added: int
    to_pixels_ms: list[float]


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=programs.chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


def watch(browser: Browser, url: str, question: str, device: Device = DESKTOP) -> Watched:
    """Ask `question` on the page at `url`, and watch until its answer is whole."""
    context = browser.new_context(viewport={"width": device.width, "height": device.height})
    try:
        page = context.new_page()
        page.add_init_script(path=PROBE)
        page.goto(url)
        box = page.get_by_label("Your question")
        box.fill(question)
        session = context.new_cdp_session(page)
        session.send("Performance.enable")
        session.send("Emulation.setCPUThrottlingRate", {"rate": device.slowdown})
        return _watch(page, session)
    finally:
        context.close()


def _watch(page: Page, session: CDPSession) -> Watched:
    page.evaluate("probe.watch()")
    before = _metrics(session)
    page.keyboard.press("Enter")
    page.locator('.answer[aria-busy="false"]').wait_for(state="attached", timeout=PATIENCE_MS)
    after = _metrics(session)
    page.wait_for_timeout(AFTERWARDS_MS)
    told = page.evaluate("probe.told()")
    written = page.request.get(urljoin(page.url, "/written")).json()
    busy = (after["TaskDuration"] - before["TaskDuration"]) / (after["Timestamp"] - before["Timestamp"])
    return _figures(told, written, busy)


def _metrics(session: CDPSession) -> dict[str, float]:
    return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}


def _figures(told: dict[str, Any], written: list[float], busy: float) -> Watched:
    begin, end = told["firstChange"], told["lastChange"]
    frames = [at for at in told["frames"] if begin <= at <= end]
    gaps = [later - earlier for earlier, later in pairwise(frames)]
    tasks = [task["duration"] for task in told["longTasks"] if begin <= task["at"] <= end + AFTERWARDS_MS]
    return Watched(
        frames_per_s=len(gaps) / (frames[-1] - frames[0]) * 1000,
        dropped=sum(max(0, round(gap / FRAME_MS) - 1) for gap in gaps),
        long_tasks=len(tasks),
        longest_ms=max(tasks, default=0),
        busy=busy,
        nodes_added=told["added"],
        to_pixels_ms=[drawn - sent for drawn, sent in zip(told["drawn"], written, strict=False)],
    )
