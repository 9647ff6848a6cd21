"""Paced streams to many readers, through ragspace and through the bare relay, in turn and in one run."""

import statistics
from contextlib import ExitStack
from dataclasses import fields

from benchmarks.calibration import capacity
from benchmarks.held import MEANING, streams_held
from benchmarks.pace import Pace
from benchmarks.report import keep, table
from benchmarks.statistics import Figures
from benchmarks.subjects import RAGSPACE, RELAY, Running, started, upstream

READERS = (1, 16, 50, 200, 400)
TURNS = 3
GUESS = 200
PACE = Pace(first_ms=300, gap_ms=20, deltas=64)


def measure() -> str:
    """Added first-token time, gaps and throughput at each number of readers, beside the relay's."""
    seen: dict[str, list[Figures]] = {RAGSPACE.name: [], RELAY.name: []}
    rows = []
    with ExitStack() as stack:
        address = stack.enter_context(upstream())
        ours = stack.enter_context(started(RAGSPACE, address, PACE))
        relay = stack.enter_context(started(RELAY, address, PACE))
        for server in (ours, relay):
            server.load(max(READERS))
        for readers in READERS:
            pairs = [(whole(ours, readers), whole(relay, readers)) for _ in range(TURNS)]
            ourselves, limit = (median(list(side)) for side in zip(*pairs, strict=True))
            ratio = statistics.median(our.deltas_per_s / its.deltas_per_s for our, its in pairs)
            rows.append([str(readers), *_cells(ourselves, limit), f"{ratio:.2f}"])
            seen[RAGSPACE.name].append(ourselves)
            seen[RELAY.name].append(limit)
        proof = capacity(address, PACE)
    with upstream() as address:
        held = [f"{each.name} {streams_held(each, address, GUESS):,}" for each in (RAGSPACE, RELAY)]
    keep("streams", {"readers": READERS, "first_ms": PACE.first_ms, "figures": seen})
    head = (
        f"## Streams\n\n{PACE.deltas} deltas, {PACE.gap_ms} ms apart, the first after {PACE.first_ms} ms. "
        "ragspace (retrieval in the built-in index with the question's embedding known, storage in SQLite, "
        "citations, resumable; no answer from the cache, no two readers with the same question) / a bare "
        "relay on aiohttp. All readers ask at once; upstream, server and load generator share the cores. "
        f"Medians of {TURNS} turns.\n\n"
    )
    columns = ["readers", "added to the first token, p50", "p99", "gap, p50", "gap, p99", "deltas/s"]
    foot = f"\n\nHeld: {', '.join(held)} ({MEANING}).\n\n{proof}"
    return head + table([*columns, "of the relay's"], rows) + foot


def _cells(ours: Figures, limit: Figures) -> list[str]:
    return [
        f"{added_ms(ours):.1f} / {added_ms(limit):.1f} ms",
        f"{ours.first_p99 - PACE.first_ms:.0f} / {limit.first_p99 - PACE.first_ms:.0f} ms",
        f"{ours.gap_p50:.0f} / {limit.gap_p50:.0f} ms",
        f"{ours.gap_p99:.0f} / {limit.gap_p99:.0f} ms",
        f"{ours.deltas_per_s:,.0f} / {limit.deltas_per_s:,.0f}",
    ]


def added_ms(figures: Figures) -> float:
    """Milliseconds that the first token took beyond the upstream's own, at the median."""
    return figures.first_p50 - PACE.first_ms


def median(several: list[Figures]) -> Figures:
    """Each figure's median."""
    names = [each.name for each in fields(Figures)]
    return Figures(**{name: statistics.median(getattr(each, name) for each in several) for name in names})


def whole(server: Running, readers: int) -> Figures:
    """What all readers saw. RuntimeError where one lost words: a figure of the others would mean nothing."""
    seen = server.load(readers)
    if seen.lost:
        raise RuntimeError(f"{seen.lost} of {readers} streams of {server.subject.name} lost words")
    return seen
