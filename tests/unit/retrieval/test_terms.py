from dataclasses import replace

import pytest

from ragspace.retrieval.protocols import SparseVector
from ragspace.retrieval.terms import (
    HEADING_WEIGHT,
    index_terms,
    passage_terms,
    question_terms,
    search_terms,
    with_identifiers,
)
from tests.support.passages import passage


def shared(question: str, text: str) -> int:
    return len(set(question_terms(question).indices) & set(passage_terms(text).indices))


def score(question: str, text: str, *, heading: str) -> float:
    """BM25 without rarity."""
    held = index_terms(passage(text, heading=heading)).by_term()
    return sum(value * held.get(term, 0.0) for term, value in search_terms(question).by_term().items())


@pytest.mark.parametrize(
    ("identifier", "prose"),
    [
        ("QDRANT_API_KEY", "the Qdrant API key"),
        ("outputDimensionality", "its output dimensionality"),
        ("EdgeShard", "one shard"),
        ("HTTPServer", "an HTTP server"),
        ("docs/module-01/chapter-03.md", "chapter 03"),
        ("gemini-embedding-001", "an embedding by Gemini"),
    ],
)
def test_an_identifier_shares_terms_with_prose_that_spells_it_out(identifier: str, prose: str) -> None:
    assert shared(prose, f"Set {identifier} first.") >= 1
    assert shared(f"What is {identifier}?", prose) >= 1


def test_an_identifier_shares_most_terms_with_its_own_mention() -> None:
    spelled_out = shared("QDRANT_API_KEY", "The Qdrant API key is secret.")

    assert shared("QDRANT_API_KEY", "QDRANT_API_KEY is secret.") > spelled_out


def test_an_identifier_finds_itself_in_another_spelling() -> None:
    assert shared("rate-limit", "RATE_LIMIT") == 3


def test_inflections_and_accents_are_the_same_term() -> None:
    assert question_terms("running cafés").indices == question_terms("run cafe").indices


def test_stop_words_and_punctuation_are_no_terms() -> None:
    assert question_terms("What is the … and why?") == SparseVector([], [])


def test_a_term_of_a_question_counts_once_and_of_a_passage_by_its_frequency() -> None:
    assert question_terms("lidar lidar").values == [1.0]
    often, once = passage_terms("lidar lidar camera"), passage_terms("lidar camera")
    term = question_terms("lidar").indices[0]

    assert often.values[often.indices.index(term)] > once.values[once.indices.index(term)]


def test_plain_prose_is_left_as_it_is() -> None:
    prose = "A Lidar measures distance. NASA uses it."

    assert with_identifiers(prose) == prose


@pytest.mark.parametrize("word", ["a", "A", "aA", "1", "漢", "a_", "a.", "_"])
def test_a_text_that_is_one_long_word_is_read_once(word: str) -> None:
    """In time that grows with its square, this would take an hour."""
    assert with_identifiers(word * 400_000).startswith(word * 400_000)


def test_a_term_of_the_heading_counts_more_than_one_of_the_text_alone() -> None:
    assert score("lidar", "It measures distance.", heading="Lidar") > score(
        "lidar", "Lidar measures.", heading="Distance"
    )


def test_only_the_sections_own_heading_has_terms_of_its_own() -> None:
    above, own = passage("Text.", heading=""), passage("Text.", heading="Lidar")
    nested = replace(own, heading_path=("Sensors", "Lidar"))

    assert index_terms(above) == passage_terms("Text.")
    assert len(index_terms(nested).indices) == len(passage_terms(nested.text_to_embed).indices) + 1


def test_a_term_is_searched_in_the_text_and_less_in_the_heading() -> None:
    assert sorted(search_terms("lidar").values) == [HEADING_WEIGHT, 1.0]


def test_no_term_is_named_twice() -> None:
    found = index_terms(passage("Lidar lidar cameras.", heading="Lidar and camera"))

    assert len(set(found.indices)) == len(found.indices) == len(found.values)
