"""Paced streams to many readers, through ragspace and through the bare relay, in turn and in one run."""

import statistics
from contextlib import ExitStack
from dataclasses import fields

from benchmarks.calibration import capacity
from benchmarks.pace import Pace
from benchmarks.report import table
from benchmarks.statistics import Figures
from benchmarks.subjects import RAGSPACE, RELAY, Running, started, upstream

READERS = (1, 16, 50, 200, 400)
ROUNDS = 3
PACE = Pace(first_ms=300, gap_ms=20, deltas=64)


def measure() -> str:
    """Added first-token time, gaps and throughput at each number of readers, beside the relay's."""
    rows = []
    with ExitStack() as stack:
        address = stack.enter_context(upstream())
        ours = stack.enter_context(started(RAGSPACE, address, PACE.model))
        relay = stack.enter_context(started(RELAY, address, PACE.model))
        for each in (ours, relay):
            each.load(max(READERS), Pace(PACE.first_ms, 0, 1).model)
        for readers in READERS:
            pairs = [(_whole(ours, readers), _whole(relay, readers)) for _ in range(ROUNDS)]
            ourselves, limit = (median(list(side)) for side in zip(*pairs, strict=True))
            ratio = statistics.median(our.deltas_per_s / its.deltas_per_s for our, its in pairs)
            rows.append([str(readers), *_cells(ourselves, limit), f"{ratio:.2f}"])
    head = (
        f"## Streams\n\n{PACE.deltas} deltas, {PACE.gap_ms} ms apart, the first after {PACE.first_ms} ms. "
        "ragspace (retrieval in the built-in index with the question's embedding known, storage in SQLite, "
        "citations, resumable; no answer from the cache, no two readers with the same question) / a bare "
        "relay on aiohttp. All readers ask at once; upstream, server and load generator share the cores. "
        f"Medians of {ROUNDS} turns.\n\n"
    )
    columns = ["readers", "added to the first token, p50", "p99", "gap, p50", "gap, p99", "deltas/s"]
    foot = f"\n\n{capacity()}"
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
    return Figures(
        **{
            name.name: statistics.median(getattr(each, name.name) for each in several)
            for name in fields(Figures)
        }
    )


def _whole(server: Running, readers: int) -> Figures:
    seen = server.load(readers, PACE.model)
    if seen.lost:
        raise RuntimeError(f"{seen.lost} of {readers} streams of {server.subject.name} lost words")
    return seen
