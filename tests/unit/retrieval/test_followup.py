import pytest

from ragspace.retrieval.followup import in_context

LIDAR = "Where are LiDAR sensors used?"


@pytest.mark.parametrize(
    "question",
    [
        "and how fast is it?",
        "How fast is it?",
        "What about in rain?",
        "why?",
        "Why is that?",
        "Tell me more",
        "Can you give an example?",
        "What does this cost?",
        "And the others?",
    ],
)
def test_a_follow_up_is_asked_behind_the_question_that_it_leans_on(question: str) -> None:
    assert in_context(question, ["How do I install the SDK?", LIDAR]) == f"{LIDAR}\n{question}"


@pytest.mark.parametrize(
    "question",
    [
        "Which secrets does the Space need?",
        "How do I deploy to Vercel?",
        "What is the capital of France?",
        "rate limits",
        "Explain how the extractive generator chooses sentences and why it sometimes says that nothing fits",
    ],
)
def test_a_question_of_its_own_stands_alone(question: str) -> None:
    assert in_context(question, [LIDAR]) is None


def test_a_first_question_stands_alone() -> None:
    assert in_context("and how fast is it?", []) is None


def test_a_chain_of_follow_ups_reaches_back_to_what_it_is_about() -> None:
    previous = ["How do I install the SDK?", "What is LiDAR?", "and how fast is it?"]

    assert in_context("And in rain?", previous) == "What is LiDAR?\nand how fast is it?\nAnd in rain?"


def test_a_conversation_of_follow_ups_only_is_taken_whole() -> None:
    assert in_context("why?", ["and then?", "how so?"]) == "and then?\nhow so?\nwhy?"
