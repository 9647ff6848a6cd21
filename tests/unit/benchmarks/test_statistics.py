"""Figures from the times at which words came."""

from benchmarks.pace import Pace
from benchmarks.statistics import Reading, figures, quantile

PACE = Pace(first_ms=100, gap_ms=20, deltas=3)
ON_TIME = [(10.1, 1), (10.12, 2), (10.14, 3)]


def test_a_stream_on_its_pace_is_neither_late_nor_lost() -> None:
    seen = figures([Reading(10.0, ON_TIME)], PACE, seconds=1.0)

    assert (seen.lost, seen.late, seen.streams) == (0, 0, 1)
    assert round(seen.first_p50, 3) == 100
    assert round(seen.gap_p99, 3) == 20
    assert seen.deltas_per_s == 3


def test_a_word_that_came_over_50_ms_after_its_time_makes_its_stream_late() -> None:
    stalled = Reading(10.0, [(10.1, 1), (10.175, 2), (10.18, 3)])

    assert figures([stalled, Reading(10.0, ON_TIME)], PACE, seconds=1.0).late == 1


def test_words_that_come_together_are_late_by_the_first_of_them() -> None:
    together = Reading(10.0, [(10.1, 1), (10.16, 3)])

    assert round(together.lateness(PACE), 3) == 0.04


def test_a_stream_without_all_of_its_words_is_lost() -> None:
    streams = [Reading(10.0, []), Reading(10.0, ON_TIME[:2]), Reading(10.0, ON_TIME)]

    assert figures(streams, PACE, seconds=1.0).lost == 2


def test_a_quantile_is_one_of_the_values() -> None:
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 3.0
    assert quantile([1.0, 2.0], 0.99) == 2.0
    assert quantile([1.0, 2.0], 1) == 2.0
    assert quantile([], 0.5) == 0.0
