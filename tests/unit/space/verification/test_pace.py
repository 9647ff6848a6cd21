"""What the reader saw, against what the server says it did."""

from collections.abc import Sequence
from typing import Any

import pytest

from ragspace.space.checks import Check
from ragspace.space.verification.listening import Arrival, Heard
from ragspace.space.verification.pace import check_pace

STEADY = [0.5 + 0.1 * n for n in range(21)]


def heard(
    tokens: Sequence[float],
    timings: dict[str, Any] | None = None,
    comments: Sequence[float] = (),
    **done: Any,
) -> Heard:
    told = {"type": "done", "finish_reason": "stop"} | done | ({"timings": timings} if timings else {})
    arrivals = [Arrival(at, "", {"type": "token", "content": "x"}) for at in tokens]
    end = tokens[-1] if tokens else 0.1
    return Heard(
        status=200, head_at=0.1, comments_at=list(comments), arrivals=[*arrivals, Arrival(end, "", told)]
    )


def told(heard: Heard, name: str) -> Check:
    (found,) = [check for check in check_pace(heard) if check.name == name]
    return found


@pytest.mark.parametrize(
    ("tokens", "timings", "outcome"),
    [
        (STEADY, {"first_token_ms": 400, "total_ms": 2500}, "ok"),
        ([2.6] * 20, {"first_token_ms": 400, "total_ms": 2500}, "failed"),
        ([2.6, 2.6, 2.7, 2.8], {"first_token_ms": 400, "total_ms": 2500}, "failed"),
        # All text early and a late end: the model was slow to stop, nothing was held back.
        ([0.5] * 20, {"first_token_ms": 400, "total_ms": 2500}, "ok"),
        # A slow network delays everything alike.
        ([3 + at for at in STEADY], {"first_token_ms": 400, "total_ms": 2500}, "ok"),
        ([0.6] * 20, {"first_token_ms": 400, "total_ms": 600}, "skipped"),
        (STEADY, {"total_ms": None}, "ok"),
        ([4.0] * 20, None, "warning"),
        ([0.3] * 20, None, "ok"),
        ([], {"first_token_ms": 400, "total_ms": 2500}, "skipped"),
    ],
)
def test_a_stream_is_called_buffered_only_where_it_was_held_back(
    tokens: list[float], timings: dict[str, Any] | None, outcome: str
):
    assert told(heard(tokens, timings), "stream").outcome == outcome


@pytest.mark.parametrize("reason", ["extractive", "not_found"])
def test_what_no_model_wrote_has_no_pace(reason: str):
    timings = {"first_token_ms": 1, "total_ms": 5000}
    assert told(heard([5.0] * 9, timings, finish_reason=reason), "stream").outcome == "skipped"


def test_a_late_first_token_is_a_warning_with_what_helps():
    late = told(heard([11.0, 11.5]), "first token")
    assert late.outcome == "warning"
    assert "GEMINI_MODEL" in (late.fix or "")
    assert told(heard([9.0, 9.5]), "first token").outcome == "ok"


def test_a_silence_without_comments_is_a_warning():
    assert told(heard([1.0, 40.0]), "keep-alive").outcome == "warning"
    assert told(heard([1.0, 40.0], comments=[16, 31]), "keep-alive").outcome == "ok"
    assert told(heard([1.0, 5.0]), "keep-alive").outcome == "skipped"
