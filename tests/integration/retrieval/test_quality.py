"""What the built-in parts find, with the real model: the book of the fixtures, asked as readers ask."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ragspace.models.minilm import MiniLMEmbedder, count_tokens
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.ingest import ingest
from ragspace.retrieval.retriever import Retriever

BOOK = Path(__file__).parents[2] / "fixtures" / "book" / "docs"


@pytest.fixture(scope="module")
async def retriever(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Retriever]:
    index, embedder = EdgeIndex(tmp_path_factory.mktemp("data"), "book"), MiniLMEmbedder()
    await ingest([BOOK], index, embedder, count_tokens)
    yield Retriever(index, embedder)
    await index.close()
    await embedder.close()


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        ("How often does the LiDAR rotate?", "Sensors > LiDAR"),
        ("What happens to laser sensing when it pours?", "Sensors > LiDAR > Rain and fog"),
        ("Which sensor needs daylight?", "Sensors > Camera"),
        ("How long does charging take?", "Power > Batteries > Charging"),
        ("battery capacity", "Power > Batteries"),
        ("focal_length", "Sensors > Camera"),
        ("How do wheel encoders drift?", "Sensors > Odometry"),
    ],
)
async def test_a_question_is_answered_by_its_section(
    retriever: Retriever, question: str, heading: str
) -> None:
    found = await retriever.retrieve(question, limit=3)

    assert found.passages[0].passage.heading == heading


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of France?",
        "How do I bake sourdough bread?",
        "Who won the football World Cup in 2018?",
        "Which visa do I need to travel to India?",
    ],
)
async def test_a_foreign_question_finds_nothing_and_is_offered_headings(
    retriever: Retriever, question: str
) -> None:
    found = await retriever.retrieve(question, limit=3)

    assert found.passages == ()
    assert 1 <= len(found.suggestions) <= 3


async def test_a_follow_up_is_about_what_was_asked_before(retriever: Retriever) -> None:
    sensors = await retriever.retrieve("and in rain?", previous=["How far does the LiDAR see?"], limit=2)
    power = await retriever.retrieve(
        "and how long does it take to charge?", previous=["Which battery does the rover carry?"], limit=2
    )

    assert "Sensors > LiDAR > Rain and fog" in [each.passage.heading for each in sensors.passages]
    assert power.passages[0].passage.heading == "Power > Batteries > Charging"
