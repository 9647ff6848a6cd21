import math

import pytest

from ragspace.retrieval.rarity import LEAST_RARITY, rarities

INDEXED = 1000
ABSENT = math.log(1 + (INDEXED + 0.5) / 0.5)
SOUGHT = {1: 1.0, 2: 1.0, 3: 0.25}
HELD = [{1: 1.0, 2: 0.5}, {1: 0.8}, {2: 1.4, 3: 1.0}, {3: 1.2}, {1: 0.3, 3: 0.4}, {9: 1.0}]


def scores(true: dict[int, float]) -> list[float]:
    """BM25 in an index in which the terms are as rare as that."""
    return [sum(true[term] * SOUGHT[term] * held.get(term, 0.0) for term in SOUGHT) for held in HELD]


def test_scores_and_weights_tell_how_rare_each_term_is() -> None:
    true = {1: 5.0, 2: 0.7, 3: 2.0}
    assert rarities(SOUGHT, HELD, scores(true), INDEXED) == pytest.approx(true, abs=0.02)


def test_what_no_candidate_holds_is_nowhere() -> None:
    found = rarities(SOUGHT | {7: 1.0}, HELD, scores({1: 5.0, 2: 0.7, 3: 2.0}), INDEXED)
    assert found[7] == pytest.approx(ABSENT)


def test_scores_that_no_rarities_explain_give_some_within_bounds() -> None:
    found = rarities(SOUGHT, HELD, [9.0, 0.0, 9.0, 0.0, 9.0, 9.0], INDEXED)
    assert all(LEAST_RARITY <= rarity <= ABSENT for rarity in found.values())


def test_where_the_index_knows_no_terms_the_candidates_stand_for_it() -> None:
    found = rarities(SOUGHT, HELD, [0.0] * len(HELD), INDEXED)
    assert found[2] > found[1] == found[3]
    assert found[2] == pytest.approx(math.log(1 + 4.5 / 2.5))


def test_of_nothing_found_every_term_is_as_rare() -> None:
    assert rarities(SOUGHT, [], [], INDEXED) == {term: pytest.approx(math.log(2)) for term in SOUGHT}
