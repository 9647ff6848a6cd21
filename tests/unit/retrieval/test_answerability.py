from collections.abc import Sequence

import pytest

from ragspace.retrieval.answerability import Verdict, judge
from ragspace.retrieval.assessment import assess
from ragspace.retrieval.calibrated import CALIBRATED, SCALE_FREE
from ragspace.retrieval.protocols import Candidate
from ragspace.retrieval.terms import search_terms
from tests.support.passages import passage

MINILM = "all-MiniLM-L6-v2"
GEMINI = "gemini-embedding-001"


def verdict_on(question: str, candidates: Sequence[Candidate], model: str = MINILM) -> Verdict:
    return judge(question, assess(candidates, search_terms(question), 100), model)


def found(content: str, best: float, rest: float) -> list[Candidate]:
    others = [Candidate(passage(f"Something else, number {n}.", heading=""), rest, 0.0) for n in range(19)]
    return [Candidate(passage(content, heading=""), best, 4.0), *others]


ABOUT_LIDAR = "The LiDAR sensor of the rover sees 40 m far."


def test_what_nothing_was_found_for_is_foreign() -> None:
    assert verdict_on("anything", []) is Verdict.FOREIGN
    assert verdict_on("anything", [], "any other") is Verdict.FOREIGN


def test_a_near_passage_with_the_words_answers() -> None:
    assert verdict_on("How far does the LiDAR sensor see?", found(ABOUT_LIDAR, 0.7, 0.2)) is (
        Verdict.ANSWERED
    )


def test_a_near_miss_is_doubtful_for_the_name_that_nothing_mentions() -> None:
    verdict = verdict_on("How far does the Velodyne of a Tesla see?", found(ABOUT_LIDAR, 0.42, 0.3))

    assert verdict < Verdict.ANSWERED


def test_a_far_question_is_foreign() -> None:
    verdict = verdict_on("What is the best recipe for bread?", found(ABOUT_LIDAR, 0.05, 0.02))

    assert verdict is Verdict.FOREIGN


def test_another_embedders_scale_is_not_taken_for_this_ones() -> None:
    low, high = (
        verdict_on("How far does the LiDAR sensor see?", found(ABOUT_LIDAR, best, rest), GEMINI)
        for best, rest in ((0.3, 0.1), (0.9, 0.7))
    )

    assert low is high


def test_a_question_in_another_language_is_left_to_the_reader() -> None:
    german, english = (
        verdict_on(question, found(ABOUT_LIDAR, 0.7, 0.6), GEMINI)
        for question in ("Wie weit reicht die Messung nachts?", "What is the best way to bake my bread?")
    )

    assert german is Verdict.DOUBTFUL
    assert english is Verdict.FOREIGN


@pytest.mark.parametrize("calibration", [*CALIBRATED.values(), SCALE_FREE])
def test_each_number_speaks_for_or_against_an_answer_as_its_meaning_says(calibration) -> None:
    against = {"unknown", "names"}
    assert all((weight < 0) == (name in against) for name, weight in calibration.weights.items())
    assert calibration.foreign <= 0
