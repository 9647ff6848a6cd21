"""The search for the most streams that are held."""

import pytest

from benchmarks import held


@pytest.mark.parametrize("capacity", [1, 2, 7, 100, 333, 1500])
@pytest.mark.parametrize("guess", [1, 8, 200])
def test_the_search_ends_close_below_the_capacity_wherever_it_begins(capacity: int, guess: int) -> None:
    found = held.most(lambda readers: readers <= capacity, guess)

    assert found <= capacity < found * held.PRECISION + 1


def test_a_server_that_holds_not_even_one_stream_holds_none() -> None:
    assert held.most(lambda _: False, 8) == 0


def test_the_search_has_an_end_above() -> None:
    assert held.most(lambda _: True, 200) == held.MOST
