"""ragspace beside what one would take instead: the same documents, upstream and load, in one run.

Questions were never asked before, so that every one is embedded, by the upstream.
"""

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import start
from benchmarks.calibration import capacity
from benchmarks.environments import ROOT, installed_mb
from benchmarks.health import milliseconds_under_load
from benchmarks.held import MEANING, streams_held
from benchmarks.memory import STREAMS, per_stream_kb
from benchmarks.peers import PEERS
from benchmarks.report import keep, table
from benchmarks.statistics import Figures, quantile
from benchmarks.streams import PACE, READERS, added_ms, median
from benchmarks.subjects import RAGSPACE_GEMINI, RELAY, Running, Subject, started, upstream

STARTS = 3
TURNS = 3
MANY = 200
"""From so many readers on one turn is enough: it takes the slow ones a minute."""

HEALTH_READERS = 50
GUESS = 8
GUESSES = {"ragspace": 200, "relay": 200}
"""Where the search for the streams held begins."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of the table. `more_is_better` tells which way the ratio goes."""

    name: str
    unit: str
    more_is_better: bool = False

    def ratio(self, ours: float, theirs: float) -> str:
        """How many times better `ours` is; below 1 it is worse."""
        better, worse = (ours, theirs) if self.more_is_better else (theirs, ours)
        return f"{better / worse:.1f}" if worse > 0 and not math.isnan(better) else "–"

    def cell(self, value: float) -> str:
        if math.isnan(value):
            return "streams were lost"
        return f"{value:,.0f}{self.unit}" if value >= 20 else f"{value:.2g}{self.unit}"


def measure() -> str:
    """A table of every figure, and each peer's as a multiple of ours."""
    told = "; ".join(peer.versions for peer in PEERS)
    with upstream() as address:
        measured = {"ragspace": _measured(RAGSPACE_GEMINI, address), "relay": _measured(RELAY, address)}
        measured |= {peer.name: _measured(peer.subject, address) for peer in PEERS}
        proof = capacity(address, PACE)
    sizes = {peer.name: peer.installed_mb for peer in PEERS}
    sizes["ragspace"] = installed_mb(ROOT / ".venv/bin/python", ROOT / "requirements/runtime.txt")
    for name, size in sizes.items():
        measured[name][Measure("installed", " MB")] = size
    keep("peers", {name: {each.name: value for each, value in of.items()} for name, of in measured.items()})
    head = (
        f"## Peers\n\nThe same documents, questions, paced upstream ({PACE.deltas} deltas, {PACE.gap_ms} ms "
        f"apart, the first after {PACE.first_ms} ms) and load; {told}. Every question is new and is embedded "
        "by the upstream, at once. ragspace speaks Gemini's protocol, the others OpenAI's; ragspace stores "
        "conversations, checks citations and can resume, the peers do not; the relay does not even retrieve. "
        "In bold: how many times better ragspace is. Start, and memory when idle unless said "
        "otherwise: with the documents embedded before. Installed: all that is pinned; ragspace's holds an "
        "embedding model and what runs it. "
        f"{MEANING[0].upper()}{MEANING[1:]}.\n\n"
    )
    return f"{head}{_table(measured)}\n\n{proof}"


def _table(measured: Mapping[str, Mapping[Measure, float]]) -> str:
    ours = measured["ragspace"]
    rows = []
    for each, value in ours.items():
        row = [each.name, each.cell(value)]
        for peer in PEERS:
            theirs = measured[peer.name][each]
            row.append(f"{each.cell(theirs)} (**{each.ratio(value, theirs)}**)")
        limit = measured["relay"].get(each)
        rows.append([*row, "" if limit is None else each.cell(limit)])
    return table(["", "ragspace", *(peer.name for peer in PEERS), "relay"], rows)


def _measured(subject: Subject, upstream: str) -> dict[Measure, float]:
    found: dict[Measure, float] = {}
    with tempfile.TemporaryDirectory() as directory:
        first, *later = [start.start(subject, Path(directory), upstream) for _ in range(1 + STARTS)]
    usual = start.median(later)
    found[Measure("memory when idle (RSS)", " MB")] = usual.memory
    found[Measure("memory when idle, documents just embedded", " MB")] = first.memory
    with started(subject, upstream, PACE) as server:
        server.load(2, fresh=True)
        seen = {readers: _streams(server, readers) for readers in READERS}
        for readers, each in seen.items():
            added = math.nan if each.lost else added_ms(each)
            found[Measure(f"added to the first token, p50, {readers} readers", " ms")] = added
        for readers, each in seen.items():
            found[Measure(f"gap, p99, {readers} readers", " ms")] = math.nan if each.lost else each.gap_p99
        for readers, each in seen.items():
            found[Measure(f"deltas/s, {readers} readers", "", more_is_better=True)] = each.deltas_per_s
        loaded = milliseconds_under_load(server, HEALTH_READERS)
        found[Measure(f"health, p99, {HEALTH_READERS} readers", " ms")] = quantile(loaded, 0.99)
    held = streams_held(subject, upstream, GUESSES.get(subject.name, GUESS))
    found[Measure("streams held", "", more_is_better=True)] = held
    found[Measure(f"memory per open stream, {STREAMS} open", " kB")] = per_stream_kb(subject, upstream)
    found[Measure("start, until it is ready", " s")] = usual.ready
    return found


def _streams(server: Running, readers: int) -> Figures:
    turns = 1 if readers >= MANY else TURNS
    return median([server.load(readers, fresh=True) for _ in range(turns)])
