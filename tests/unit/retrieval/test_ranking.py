import pytest

from ragspace.retrieval.protocols import Candidate
from ragspace.retrieval.ranking import changes_subject, coverage, rank
from tests.support.passages import passage


def candidate(
    content: str, similarity: float, lexical: float = 0.0, *, file: str = "docs/guide.md", part: int = 1
) -> Candidate:
    return Candidate(passage(content, file=file, heading="", part=part), similarity, lexical)


def contents(ranked: list[Candidate]) -> list[str]:
    return [each.passage.content for each in ranked]


def test_a_passage_that_both_searches_like_comes_before_the_favourite_of_either() -> None:
    ranked = rank(
        [candidate("meaning", 0.9, 0.0), candidate("both", 0.8, 9.0), candidate("terms", 0.1, 10.0)]
    )

    assert contents(ranked)[0] == "both"


def test_without_terms_the_cosine_decides() -> None:
    assert contents(rank([candidate("b", 0.2), candidate("a", 0.6), candidate("c", 0.1)])) == ["a", "b", "c"]


def test_a_passage_is_as_good_as_its_neighbours_and_comes_after_the_best_of_them() -> None:
    ranked = rank(
        [
            candidate("other", 0.55, 3.0, file="docs/other.md"),
            candidate("meaning", 0.6, 0.0, part=1),
            candidate("terms", 0.2, 4.0, part=2),
            candidate("far", 0.5, 3.0, file="docs/far.md", part=1),
            candidate("far away", 0.1, 4.0, file="docs/far.md", part=9),
        ]
    )

    assert contents(ranked)[:3] == ["meaning", "terms", "other"]


def test_weak_terms_do_not_outweigh_the_meaning() -> None:
    """Stretched to 0..1, the best of bad matches would count as much as a perfect one."""
    ranked = rank([candidate("meaning", 0.6), candidate("word", 0.4, 0.5), candidate("no", 0.3)])

    assert contents(ranked)[0] == "meaning"


def test_equal_scores_keep_the_order_of_the_documents() -> None:
    same = [candidate(name, 0.5, file=f"docs/{name}.md") for name in ("c", "a", "b")]

    assert contents(rank(same)) == ["a", "b", "c"]


def test_the_same_content_is_given_once() -> None:
    copies = [candidate("same", 0.9), candidate("same", 0.8, file="docs/copy.md"), candidate("other", 0.1)]

    ranked = rank(copies)

    assert contents(ranked) == ["same", "other"]
    assert ranked[0].passage.file == "docs/guide.md"


def test_nothing_can_be_ranked_where_nothing_was_found() -> None:
    assert rank([]) == []


def test_a_word_that_all_passages_hold_hardly_counts() -> None:
    found = [candidate("sensor lidar", 0.3), *(candidate(f"sensor {n}", 0.2) for n in range(9))]

    assert coverage("sensor tesla", found) < 0.1
    assert coverage("sensor lidar", found) > 0.9


def test_a_question_of_stop_words_is_not_covered() -> None:
    assert coverage("and why is that so?", [candidate("sensor", 0.5)]) == 0.0


@pytest.mark.parametrize(
    ("question", "changed"),
    [
        ("and how fast is it?", False),
        ("and what about its range?", False),
        ("and who won the football world cup?", True),
    ],
)
def test_a_follow_up_changes_the_subject_where_it_names_what_the_passages_do_not(
    question: str, changed: bool
) -> None:
    assert changes_subject(question, [candidate("The LiDAR range is 40 m.", 0.6)]) is changed
