"""Tokens as models tell them; nonsense costs no answer."""

from typing import Any

import pytest

from ragspace.models import gemini_generator, openai
from ragspace.models.protocols import Usage


def test_gemini_counts_what_it_thought_as_output() -> None:
    told = {
        "promptTokenCount": 120,
        "candidatesTokenCount": 30,
        "thoughtsTokenCount": 12,
        "totalTokenCount": 162,
    }
    piece = gemini_generator.read_event({"usageMetadata": told, "candidates": [{"finishReason": "STOP"}]})
    assert (piece.end, piece.usage) == ("stop", Usage(120, 42))


def test_an_openai_chunk_without_choices_tells_the_usage() -> None:
    told = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    assert openai.read_event({"choices": [], "usage": told}).usage == Usage(7, 5)
    assert openai.read_event({"choices": [{"delta": {"content": "a"}}], "usage": None}).usage is None


@pytest.mark.parametrize(
    "told",
    [[], "many", 3, {"promptTokenCount": "7"}, {"promptTokenCount": -1}, {"candidatesTokenCount": 1e400}],
)
def test_nonsense_is_not_counted_and_harms_nothing(told: Any) -> None:
    piece = gemini_generator.read_event({"usageMetadata": told, "candidates": [{"finishReason": "STOP"}]})
    assert (piece.end, piece.usage) == ("stop", None)
