import pytest

from ragspace.cli.developer.embedding_estimate import EmbeddingEstimate


def test_days_are_told_for_both_ways_of_counting_a_batch() -> None:
    estimate = EmbeddingEstimate(texts=100_270, tokens=12_800_000, requests_per_day=1000, price=0.15)
    assert (estimate.requests, estimate.days) == (1003, (2, 101))
    assert estimate.cost == pytest.approx(1.92)
    assert estimate.lines() == [
        "Gemini would be sent about 12,800,000 tokens in 1,003 requests of up to 100 texts.",
        "With 1,000 requests a day: 2 days, or 101 days where each text counts as a request.",
        "At 0.15 USD per million tokens: about 1.92 USD.",
    ]


def test_what_nobody_told_is_not_guessed() -> None:
    estimate = EmbeddingEstimate(texts=1, tokens=100)
    assert (estimate.requests, estimate.days, estimate.cost) == (1, None, None)
    first, *rest = estimate.lines()
    assert "100 tokens in 1 requests" in first
    assert [line.split()[0] for line in rest] == [
        "GEMINI_EMBEDDING_REQUESTS_PER_DAY",
        "GEMINI_EMBEDDING_PRICE",
    ]


def test_nothing_to_embed_takes_no_day() -> None:
    assert EmbeddingEstimate(0, 0, requests_per_day=10).days == (0, 0)
