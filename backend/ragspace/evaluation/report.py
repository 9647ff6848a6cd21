"""What the outcomes come to: figures per kind of question, and the worst cases with the reason."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from ragspace.evaluation.metrics import interval, mean, ndcg, recall, reciprocal_rank
from ragspace.evaluation.run import Outcome

ANSWERED_KINDS = ("in_scope", "follow_up")


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over questions, 0 to 1, and its 95 % confidence interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Figure":
        return cls(mean(values), *interval(values))


@dataclass(frozen=True, slots=True)
class Worst:
    """A question that went wrong, and why."""

    id: str
    question: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """`figures` by kind and name; a figure that does not apply is left out. `halves` are the values over the
    questions of a kind with even places and with odd ones (the first has place 0), so that what was chosen on
    one half is seen on the other. Latency is in milliseconds."""

    k: int
    questions: Mapping[str, int]
    figures: Mapping[str, Mapping[str, Figure]]
    halves: Mapping[str, Mapping[str, tuple[float, float]]]
    latency_p50_ms: float
    latency_p95_ms: float
    worst: tuple[Worst, ...]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def report(outcomes: Sequence[Outcome], k: int) -> Report:
    kinds = [*ANSWERED_KINDS, "out_of_scope", "selection"]
    of_kind = {kind: [each for each in outcomes if each.question.kind == kind] for kind in kinds}
    figures = _figures(of_kind, k)
    even, odd = (_figures({kind: each[start::2] for kind, each in of_kind.items()}, k) for start in (0, 1))
    latencies = sorted(each.milliseconds for each in outcomes if each.question.kind != "selection")
    return Report(
        k=k,
        questions={kind: len(each) for kind, each in of_kind.items() if each},
        figures=figures,
        halves={
            kind: {
                name: (even[kind][name].value, odd[kind][name].value)
                for name in named
                if name in even.get(kind, {}) and name in odd.get(kind, {})
            }
            for kind, named in figures.items()
        },
        latency_p50_ms=_percentile(latencies, 0.5),
        latency_p95_ms=_percentile(latencies, 0.95),
        worst=tuple(_worst(outcomes, k)),
    )


def _figures(of_kind: Mapping[str, Sequence[Outcome]], k: int) -> dict[str, dict[str, Figure]]:
    figures: dict[str, dict[str, Figure]] = {}
    for kind in ANSWERED_KINDS:
        if of_kind[kind]:
            figures[kind] = _of_answers(of_kind[kind], k)
    answerable = [each for kind in ANSWERED_KINDS for each in of_kind[kind]]
    if of_kind["out_of_scope"]:
        figures["out_of_scope"] = _of_refusals(answerable, of_kind["out_of_scope"])
    if of_kind["selection"]:
        figures["selection"] = _of_selections(of_kind["selection"])
    return figures


def regressions(before: Mapping[str, object], now: Report, tolerance: float) -> list[str]:
    """Every figure that fell by more than `tolerance` since `before` (a report `as_json`) was saved."""
    fallen = []
    saved = before.get("figures")
    for kind, figures in (saved if isinstance(saved, Mapping) else {}).items():
        for name, figure in figures.items():
            current = now.figures.get(kind, {}).get(name)
            if current is None:
                fallen.append(f"{kind} {name}: {figure['value']:.3f} before, not measured now")
            elif current.value < figure["value"] - tolerance:
                fallen.append(f"{kind} {name}: {figure['value']:.3f} before, {current.value:.3f} now")
    return fallen


def _of_answers(outcomes: Sequence[Outcome], k: int) -> dict[str, Figure]:
    return {
        f"recall@{k}": Figure.of([recall(each.ranked, each.relevant, k) for each in outcomes]),
        "MRR": Figure.of([reciprocal_rank(each.ranked, each.relevant, k) for each in outcomes]),
        f"nDCG@{k}": Figure.of([ndcg(each.ranked, each.relevant, k) for each in outcomes]),
        "answered": Figure.of([float(not each.refused) for each in outcomes]),
    }


def _of_refusals(answerable: Sequence[Outcome], foreign: Sequence[Outcome]) -> dict[str, Figure]:
    refused = [each for each in (*answerable, *foreign) if each.refused]
    figures = {"refusal recall": Figure.of([float(each.refused) for each in foreign])}
    for name, near in (("of near misses", True), ("of far ones", False)):
        values = [float(each.refused) for each in foreign if bool(each.question.near_miss) is near]
        if values:
            figures[f"refusal recall {name}"] = Figure.of(values)
    if refused:
        figures["refusal precision"] = Figure.of(
            [float(each.question.kind == "out_of_scope") for each in refused]
        )
    if answerable:
        answered = [float(not each.refused) for each in answerable]
        figures["balanced accuracy"] = _balanced(answered, [float(each.refused) for each in foreign])
        if misses := [float(each.refused) for each in foreign if each.question.near_miss]:
            figures["balanced accuracy, near misses"] = _balanced(answered, misses)
    return figures


def _of_selections(outcomes: Sequence[Outcome]) -> dict[str, Figure]:
    quoted = [float((each.question.expect or "") in each.answer) for each in outcomes if each.question.expect]
    refused = [float(each.refused) for each in outcomes if each.question.near_miss]
    named = {"quoted": quoted, "refusal recall": refused}
    return {name: Figure.of(values) for name, values in named.items() if values}


def _balanced(answered: Sequence[float], refused: Sequence[float]) -> Figure:
    """The mean of two independent means, whose variances add."""
    value = (mean(answered) + mean(refused)) / 2
    widths = (high - low for low, high in (interval(answered), interval(refused)))
    spread = math.hypot(*widths) / 4
    return Figure(value, max(0.0, value - spread), min(1.0, value + spread))


def _worst(outcomes: Sequence[Outcome], k: int) -> list[Worst]:
    found: list[tuple[float, Worst]] = []
    for each in outcomes:
        asked = each.question
        if asked.kind == "out_of_scope":
            if not each.refused:
                nearest = each.ranked[0] if each.ranked else "nothing"
                found.append((0.0, Worst(asked.id, asked.question, f"answered, from {nearest}")))
            continue
        if asked.kind == "selection":
            if asked.expect and asked.expect not in each.answer:
                found.append((0.0, Worst(asked.id, asked.question, f"quoted: {each.answer or 'nothing'}")))
            elif asked.near_miss and not each.refused:
                found.append((0.0, Worst(asked.id, asked.question, f"quoted: {each.answer}")))
            continue
        value = recall(each.ranked, each.relevant, k)
        if each.refused:
            found.append((0.0, Worst(asked.id, asked.question, "refused: nothing was held to fit")))
        elif value < 1:
            found.append((value, Worst(asked.id, asked.question, _missed(each, k))))
    return [worst for _, worst in sorted(found, key=lambda pair: pair[0])]


def _missed(outcome: Outcome, k: int) -> str:
    missing = sorted(outcome.relevant.difference(outcome.ranked[:k]))
    places = (
        f"{section} is at {outcome.ranked.index(section) + 1}"
        if section in outcome.ranked
        else f"{section} was not found"
        for section in missing
    )
    return f"{'; '.join(places)}; first is {outcome.ranked[0] if outcome.ranked else 'nothing'}"


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else math.nan
