"""Figures against their definitions, on cases small enough to work out by hand."""

import math

import pytest

from ragspace.evaluation.metrics import interval, ndcg, recall, reciprocal_rank
from ragspace.evaluation.questions import Question, Section
from ragspace.evaluation.report import regressions, report
from ragspace.evaluation.run import Outcome


def outcome(
    kind: str, ranked: str = "", relevant: str = "", *, refused: bool = False, near: bool | None = None
) -> Outcome:
    answers = tuple(Section(file=name, heading="") for name in relevant)
    after = ("Before?",) if kind == "follow_up" else ()
    asked = Question.model_validate(
        {"id": "q", "kind": kind, "question": "?", "answers": answers, "after": after, "near_miss": near}
    )
    return Outcome(asked, tuple(f"{name} # " for name in ranked), refused, 1.0)


def test_the_metrics_follow_their_definitions() -> None:
    relevant = frozenset("ac")
    assert recall("abc", relevant, 2) == 0.5
    assert reciprocal_rank("bca", relevant, 3) == 0.5
    assert reciprocal_rank("bdca", relevant, 2) == 0.0
    assert ndcg("abc", relevant, 3) == pytest.approx((1 + 1 / 2) / (1 + 1 / math.log2(3)))


def test_an_interval_holds_the_mean_and_narrows_with_more_values() -> None:
    few, many = interval([0.0, 1.0] * 5), interval([0.0, 1.0] * 500)
    assert few[0] < 0.5 < few[1]
    assert many[1] - many[0] < few[1] - few[0]


def test_figures_are_told_per_kind() -> None:
    told = report(
        [
            outcome("in_scope", "ab", "a"),
            outcome("in_scope", "ba", "a", refused=True),
            outcome("follow_up", "c", "a"),
            outcome("out_of_scope", "a", refused=True, near=False),
            outcome("out_of_scope", "a", near=True),
        ],
        k=1,
    )
    value = {kind: {name: each.value for name, each in f.items()} for kind, f in told.figures.items()}
    assert value["in_scope"] == {"recall@1": 0.5, "MRR": 0.5, "nDCG@1": 0.5, "answered": 0.5}
    assert value["follow_up"]["recall@1"] == 0.0
    foreign = value["out_of_scope"]
    assert (foreign["refusal recall"], foreign["refusal precision"]) == (0.5, 0.5)
    assert (foreign["refusal recall of near misses"], foreign["refusal recall of far ones"]) == (0.0, 1.0)
    assert foreign["balanced accuracy"] == pytest.approx((2 / 3 + 0.5) / 2)


def test_the_worst_cases_come_with_the_reason() -> None:
    told = report(
        [outcome("in_scope", "ba", "a"), outcome("out_of_scope", "c"), outcome("in_scope", "a", "a")], k=1
    )
    assert [each.why for each in told.worst] == ["a #  is at 2; first is b # ", "answered, from c # "]


def test_a_figure_that_fell_is_told_and_one_within_the_tolerance_is_not() -> None:
    before = report([outcome("in_scope", "a", "a"), outcome("follow_up", "a", "a")], k=1).as_json()
    now = report([outcome("in_scope", "b", "a")], k=1)
    fallen = regressions(before, now, 0.02)
    assert "in_scope recall@1: 1.000 before, 0.000 now" in fallen
    assert "follow_up MRR: 1.000 before, not measured now" in fallen
    assert regressions(before, now, 1.0) == [line for line in fallen if "not measured" in line]


def test_both_halves_are_told() -> None:
    found, missed = outcome("in_scope", "a", "a"), outcome("in_scope", "b", "a")

    told = report([found, missed, found, found], k=1)

    assert told.halves["in_scope"]["recall@1"] == (1.0, 0.5)


def test_a_selection_is_answered_where_what_is_expected_is_quoted() -> None:
    def selection(answer: str, **known: object) -> Outcome:
        fields = {"id": "s", "kind": "selection", "question": "?", "context": "It rains. It snows."}
        return Outcome(Question.model_validate(fields | known), (), not answer, 1.0, answer)

    told = report(
        [
            selection("It rains.", expect="It rains."),
            selection("It snows.", expect="It rains."),
            selection("", near_miss=True),
        ],
        k=3,
    )

    value = {name: each.value for name, each in told.figures["selection"].items()}
    assert value == {"quoted": 0.5, "refusal recall": 1.0}
    assert [each.why for each in told.worst] == ["quoted: It snows."]
