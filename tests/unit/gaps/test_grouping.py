"""Which questions count as one."""

import pytest

from ragspace.gaps.grouping import grouped_by_meaning, grouped_by_words, normalised
from ragspace.models.minilm import MiniLMEmbedder

QUESTIONS = [
    "How do I change the colour of the chat button?",
    "Can I use my own domain?",
    "What does it cost per month?",
    "How can I change the color of the button?",
    "What is the monthly cost?",
    "Is it possible to use a domain of my own?",
]
SAME = [[0, 3], [1, 5], [2, 4]]


def test_neither_case_nor_punctuation_makes_another_question():
    assert normalised("What does it COST,  per month?!") == normalised("what does it cost per month")
    assert normalised("What does it cost?") != normalised("What did it cost?")
    assert normalised("???") == "???"


async def test_the_built_in_model_finds_the_questions_that_ask_for_the_same():
    embedder = MiniLMEmbedder()
    await embedder.open()
    try:
        vectors = await embedder.embed(QUESTIONS, purpose="question", dimensions=384)
    finally:
        await embedder.close()
    assert grouped_by_meaning(vectors, embedder.model) == SAME


def test_words_find_those_that_have_most_of_them_in_common():
    groups = grouped_by_words(
        ["How do I set the colors?", "setting colors", "Which colors are there?", "?", ""]
    )
    assert groups == [[0, 1], [2], [3], [4]]


def test_a_model_of_which_no_nearness_is_known_is_refused():
    with pytest.raises(KeyError):
        grouped_by_meaning([[1.0, 0.0]], "another-model")
