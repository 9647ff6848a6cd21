"""The index in memory, beside the engine and what is made of the engine's scores."""

import math
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ragspace.documents.passage import Passage
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.flat import FlatIndex
from ragspace.retrieval.protocols import SparseVector
from ragspace.retrieval.terms import index_terms, search_terms
from tests.support.embedding import WordEmbedder
from tests.support.indexing import fill
from tests.support.passages import passage

EMBEDDER = WordEmbedder()
WORDS = [
    "lidar",
    "radar",
    "camera",
    "sonar",
    "motor",
    "wheel",
    "battery",
    "range",
    "night",
    "rain",
    "map",
    "path",
    "speed",
    "joint",
    "gripper",
    "torque",
    "encoder",
    "gyroscope",
    "compass",
    "controller",
]
PASSAGES = 150
LIMIT = 12
COMPARED = 40
"""Places in which the order is compared: further down some are nearer than single precision tells apart."""

QUESTIONS = [
    "How far is the range of the lidar at night?",
    "gripper",
    "Which torque has the joint of the wheel, and which speed?",
    "Does the Velodyne know a compass?",
    "and why is that so?",
]


def corpus() -> list[Passage]:
    """Sections of one to four parts, some with the same content as another."""
    chance = random.Random(7)
    passages: list[Passage] = []
    for section in range(PASSAGES // 3):
        parts = chance.randint(1, 4)
        for part in range(1, parts + 1):
            copied = passages and chance.random() < 0.1
            words = " ".join(chance.choices(WORDS, k=chance.randint(4, 12)))
            content = passages[0].content if copied else words
            heading = f"{WORDS[section % len(WORDS)]} {section}"
            alone = passage(content, file=f"docs/{section % 5}.md", heading=heading)
            passages.append(replace(alone, part=part, parts=parts, section=str(section)))
    return passages


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EdgeIndex]:
    index = EdgeIndex(tmp_path, "docs", in_memory=False)
    await fill(index, corpus(), EMBEDDER)
    await index.open()
    yield index
    await index.close()


@pytest.fixture
def flat() -> FlatIndex:
    return FlatIndex([(each, EMBEDDER.vector(each.text_to_embed), index_terms(each)) for each in corpus()])


@pytest.mark.parametrize("question", QUESTIONS)
async def test_it_ranks_as_the_engine_and_ranking_do(
    engine: EdgeIndex, flat: FlatIndex, question: str
) -> None:
    vector, terms = EMBEDDER.vector(question), search_terms(question)

    ours = flat.search([(vector, terms)], 10 * PASSAGES)[0].ranked
    theirs = (await engine.search(vector, terms, 10 * PASSAGES)).ranked

    assert engine.sections is None
    assert [each.passage for each in ours[:COMPARED]] == [each.passage for each in theirs[:COMPARED]]
    scores = {each.passage: each for each in theirs}
    assert {each.passage for each in ours} == scores.keys()
    for found, similarity, lexical in ours:
        assert similarity == pytest.approx(scores[found].similarity, abs=1e-5)
        assert lexical == pytest.approx(scores[found].lexical, abs=1e-4)


@pytest.mark.parametrize("question", QUESTIONS)
async def test_it_finds_what_the_engine_finds_and_what_is_level_with_the_last_of_that(
    engine: EdgeIndex, flat: FlatIndex, question: str
) -> None:
    vector, terms = EMBEDDER.vector(question), search_terms(question)

    ours = {each.passage: each for each in flat.search([(vector, terms)], LIMIT)[0].ranked}
    theirs = {each.passage: each for each in (await engine.search(vector, terms, LIMIT)).ranked}

    assert ours.keys() >= theirs.keys()
    last = min(each.lexical for each in theirs.values() if each.lexical > 0) if terms.indices else 0.0
    assert all(ours[found].lexical >= last - 1e-4 for found in ours.keys() - theirs.keys())


@pytest.mark.parametrize("question", QUESTIONS)
async def test_it_knows_where_terms_are_held_and_exactly_how_rare_they_are(
    engine: EdgeIndex, flat: FlatIndex, question: str
) -> None:
    vector, terms = EMBEDDER.vector(question), search_terms(question)
    holding = {term: sum(term in index_terms(each).by_term() for each in corpus()) for term in terms.indices}

    ours = flat.search([(vector, terms)], LIMIT)[0].terms
    theirs = (await engine.search(vector, terms, LIMIT)).terms

    assert ours.keys() == theirs.keys()
    assert {term: known.foremost for term, known in ours.items()} == {
        term: known.foremost for term, known in theirs.items()
    }
    indexed = len(corpus())
    for term, known in ours.items():
        expected = math.log(1 + (indexed - holding[term] + 0.5) / (holding[term] + 0.5))
        assert known.rarity == pytest.approx(expected)


def test_equal_scores_keep_the_order_of_the_documents() -> None:
    same = [passage(f"sensor {name}", file=f"docs/{name}.md", heading="") for name in ("c", "a", "b")]
    index = FlatIndex([(each, EMBEDDER.vector("sensor"), SparseVector([], [])) for each in same])

    [found] = index.search([(EMBEDDER.vector("sensor"), search_terms("sensor"))], 3)

    assert [each.passage.file for each in found.ranked] == ["docs/a.md", "docs/b.md", "docs/c.md"]


def test_a_single_passage_that_is_opposite_has_no_similarity() -> None:
    alone = passage("sensor", heading="")
    index = FlatIndex([(alone, EMBEDDER.vector("sensor"), index_terms(alone))])

    opposite = [-value for value in EMBEDDER.vector("sensor")]
    [found] = index.search([(opposite, search_terms("sensor"))], 3)

    [only] = found.ranked
    assert (only.passage, only.similarity) == (alone, 0.0)
    assert only.lexical > 0


def test_questions_searched_together_find_what_each_finds_alone(flat: FlatIndex) -> None:
    sought = [(EMBEDDER.vector(question), search_terms(question)) for question in QUESTIONS]

    together = flat.search(sought, LIMIT)

    alone = [found for each in sought for found in flat.search([each], LIMIT)]
    assert [found.terms for found in together] == [found.terms for found in alone]
    for ours, theirs in zip(together, alone, strict=True):
        assert [each.passage for each in ours.ranked] == [each.passage for each in theirs.ranked]
        for our, their in zip(ours.ranked, theirs.ranked, strict=True):
            assert our.similarity == pytest.approx(their.similarity, abs=1e-6)
            assert our.lexical == pytest.approx(their.lexical)


def test_every_passage_is_known_by_its_section(flat: FlatIndex) -> None:
    parts = [each for section in flat.sections.values() for each in section.values()]

    assert len(parts) == len(corpus())
    assert set(parts) == set(corpus())
