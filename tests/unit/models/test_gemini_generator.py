from typing import Any

import pytest

from ragspace.models.gemini_generator import GeminiGenerator, request_body
from ragspace.models.protocols import GenerationRequest, Turn

REQUEST = GenerationRequest("Be brief.", (Turn("user", "Why?"),), "Why?", ())


@pytest.mark.parametrize(
    ("model", "thinking"),
    [
        ("gemini-3.8-flash", {"thinkingLevel": "low"}),
        ("models/gemini-3.1-pro-preview", {"thinkingLevel": "low"}),
        ("gemini-3.1-flash-lite", {"thinkingLevel": "minimal"}),
        ("gemini-2.5-flash", {"thinkingBudget": 0}),
        ("gemini-2.5-pro", {"thinkingBudget": 128}),
        ("gemini-flash-latest", None),
        ("gemma-4-27b-it", None),
    ],
)
def test_each_family_is_told_to_think_little_in_its_own_way(model: str, thinking: Any) -> None:
    config = request_body(REQUEST, model)["generationConfig"]
    assert config.get("thinkingConfig") == thinking
    assert "temperature" not in config


def test_a_generator_without_a_model_is_none() -> None:
    with pytest.raises(ValueError, match="at least one model"):
        GeminiGenerator("key", [])
