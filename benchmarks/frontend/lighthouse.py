"""Lighthouse's marks, by the npm package that node/package-lock.json pins, in Debian's Chromium."""

import json
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import npm, programs

PROJECT = Path(__file__).with_name("node")
CATEGORIES = ("performance", "accessibility", "best-practices")
RUNS = 3
_INSTALL_S = 600.0
_RUN_S = 180.0
_FLAGS = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"


@dataclass(frozen=True, slots=True)
class Marks:
    """Medians: `scores` from 0 to 100 by category, paint and blocking in milliseconds, shift without unit."""

    scores: dict[str, float]
    largest_paint_ms: float
    blocked_ms: float
    shift: float
    failed: frozenset[str]
    """Audits of accessibility that did not pass in every run."""


def install() -> None:
    """Install it, where that was not done yet."""
    lock = PROJECT / "package-lock.json"
    installed = PROJECT / "node_modules" / ".locked.json"
    if installed.is_file() and installed.read_bytes() == lock.read_bytes():
        return
    npm.ci(PROJECT, timeout=_INSTALL_S)
    shutil.copy(lock, installed)


def marks(url: str, *, desktop: bool) -> Marks:
    """Of the page at `url`, on a desk, else on a slow phone and network as Lighthouse simulates them."""
    reports = [_report(url, desktop=desktop) for _ in range(RUNS)]

    def median_of(audit: str) -> float:
        values: list[float] = [report["audits"][audit]["numericValue"] for report in reports]
        return statistics.median(values)

    scores = {
        category: statistics.median(report["categories"][category]["score"] * 100 for report in reports)
        for category in CATEGORIES
    }
    return Marks(
        scores,
        median_of("largest-contentful-paint"),
        median_of("total-blocking-time"),
        median_of("cumulative-layout-shift"),
        frozenset(name for report in reports for name in _failed(report)),
    )


def _report(url: str, *, desktop: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory:
        target = Path(directory) / "report.json"
        arguments = [
            url,
            "--quiet",
            "--output=json",
            f"--output-path={target}",
            f"--only-categories={','.join(CATEGORIES)}",
            f"--chrome-flags={_FLAGS}",
            "--no-enable-error-reporting",
            *(["--preset=desktop"] if desktop else []),
        ]
        script = PROJECT / "node_modules/lighthouse/cli/index.js"
        variables = {"CHROME_PATH": str(programs.chromium())}
        npm.run_node(script, *arguments, cwd=Path(directory), timeout=_RUN_S, variables=variables)
        report: dict[str, Any] = json.loads(target.read_text())
    if "runtimeError" in report:
        raise subprocess.SubprocessError(
            f"Lighthouse could not judge {url}: {report['runtimeError']['code']}"
        )
    return report


def _failed(report: dict[str, Any]) -> list[str]:
    audits = [reference["id"] for reference in report["categories"]["accessibility"]["auditRefs"]]
    return [name for name in audits if report["audits"][name]["score"] not in (None, 1)]
