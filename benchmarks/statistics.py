"""Figures of many streams, from when their words came."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from benchmarks.pace import Pace


@dataclass(slots=True)
class Reading:
    """One stream as its reader saw it: when it was asked for, and, at each arrival of words, the time in
    seconds and how many had come by then."""

    asked: float
    arrivals: list[tuple[float, int]]

    @property
    def words(self) -> int:
        return self.arrivals[-1][1] if self.arrivals else 0

    @property
    def first(self) -> float:
        """Seconds to the first word."""
        return self.arrivals[0][0] - self.asked

    def gaps(self) -> Iterator[float]:
        """Seconds between two arrivals."""
        return (later - earlier for (earlier, _), (later, _) in pairwise(self.arrivals))

    def lateness(self, pace: Pace) -> float:
        """Seconds that the latest word came after its time, counted at `pace` from the first word. Of words
        that came together the first was due the earliest."""
        began = self.arrivals[0][0]
        seen, latest = 0, 0.0
        for time, words in self.arrivals:
            latest = max(latest, time - began - seen * pace.gap_ms / 1000)
            seen = words
        return latest


@dataclass(frozen=True, slots=True)
class Figures:
    """What many streams were like; times in milliseconds. `lost` are streams without all of their words,
    `late` those with a word more than 50 ms after its time."""

    first_p50: float
    first_p99: float
    gap_p50: float
    gap_p99: float
    gap_max: float
    late_p99: float
    deltas_per_s: float
    events_per_s: float
    streams: int
    lost: int
    late: int

    def json(self) -> dict[str, Any]:
        return asdict(self)


LATE_S = 0.05


def figures(readings: Sequence[Reading], pace: Pace, seconds: float) -> Figures:
    """The figures of `readings`, all of which took `seconds` together."""
    begun = [reading for reading in readings if reading.arrivals]
    firsts = sorted(reading.first for reading in begun)
    gaps = sorted(gap for reading in begun for gap in reading.gaps())
    lateness = sorted(reading.lateness(pace) for reading in begun)
    return Figures(
        first_p50=quantile(firsts, 0.5) * 1000,
        first_p99=quantile(firsts, 0.99) * 1000,
        gap_p50=quantile(gaps, 0.5) * 1000,
        gap_p99=quantile(gaps, 0.99) * 1000,
        gap_max=quantile(gaps, 1) * 1000,
        late_p99=quantile(lateness, 0.99) * 1000,
        deltas_per_s=sum(reading.words for reading in readings) / seconds,
        events_per_s=sum(len(reading.arrivals) for reading in readings) / seconds,
        streams=len(readings),
        lost=sum(reading.words != pace.deltas for reading in readings),
        late=sum(late > LATE_S for late in lateness),
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` of `ordered` lie, without interpolation; 0 of nothing."""
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0
