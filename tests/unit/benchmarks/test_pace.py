"""The pace that a model's name tells."""

import pytest

from benchmarks.pace import Pace


def test_a_models_name_tells_its_pace() -> None:
    pace = Pace.of("ttft300-itl20-len64")

    assert pace == Pace(first_ms=300, gap_ms=20, deltas=64)
    assert pace.model == "ttft300-itl20-len64"


@pytest.mark.parametrize("name", ["gemini-3.5-flash", "ttft300-itl20", "ttft300-itl20-len64-preview", ""])
def test_another_name_tells_no_pace(name: str) -> None:
    assert Pace.of(name) is None


def test_deltas_are_due_one_gap_after_the_other() -> None:
    pace = Pace(first_ms=300, gap_ms=20, deltas=3)

    assert [pace.due(number) for number in range(3)] == [0.3, 0.32, 0.34]
    assert pace.seconds == pace.due(2)
