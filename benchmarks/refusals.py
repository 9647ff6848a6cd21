"""How the decision that the documents hold no answer is fitted: `python -m benchmarks.refusals`.

Reads the sets in tests/data/calibration and no other, writes backend/ragspace/retrieval/calibrated.py and
tells what the fit does on the sets that it left out, one after the other.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import table
from ragspace.documents.passage import Passage
from ragspace.evaluation.questions import Question, read_questions
from ragspace.models.minilm import MODEL, MiniLMEmbedder, count_tokens
from ragspace.models.protocols import Vector
from ragspace.retrieval.calibration import Calibration
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.evidence import Evidence, gather
from ragspace.retrieval.flat import FlatIndex
from ragspace.retrieval.ingest import ingest
from ragspace.retrieval.protocols import SparseVector
from ragspace.retrieval.retriever import CANDIDATES
from ragspace.retrieval.terms import index_terms, search_terms

ROOT = Path(__file__).parents[1]
SETS = ROOT / "tests" / "data" / "calibration"
CALIBRATED = ROOT / "backend" / "ragspace" / "retrieval" / "calibrated.py"
NUMBERS = ("similarity", "contrast", "coverage", "unknown", "names")
SCALE_FREE = ("standing", "coverage", "unknown", "names")
CROSSED = 4
"""Every so many-th answerable question of a set is asked of the others as well."""
PASSED, ANSWERED = 0.97, 0.92
"""The shares of the questions with an answer that lie above the thresholds. Cross-validated, the balanced
accuracy is the same (0.79 to 0.80) wherever between 0.80 and 0.93 of them are answered; of what is equally
good, nobody wants the rule that turns more of them away."""
SHARES = {"answerable": 0.5, "near": 0.125, "taken away": 0.125, "far": 0.25}
"""What each kind weighs in the fit: as many with an answer as without, half of the latter near misses."""
RIDGE = 1.0

Array = np.ndarray[Any, np.dtype[np.float64]]

Content = tuple[Passage, Vector, SparseVector]


@dataclass(frozen=True, slots=True)
class Example:
    """A question with what was found for it in `corpus`."""

    corpus: str
    kind: str
    evidence: Evidence


def refit() -> str:
    examples = asyncio.run(_examples())
    fitted = {"CALIBRATED": fit(examples, NUMBERS), "SCALE_FREE": fit(examples, SCALE_FREE)}
    _write(fitted)
    rows = [
        [name, *_cross_validated(examples, numbers)]
        for name, numbers in ((MODEL, NUMBERS), ("any other embedder", SCALE_FREE))
    ]
    columns = ["embedder", "answered", "near misses refused", "taken away refused", "far refused", "balanced"]
    return f"## Refusals, cross-validated by corpus\n\n{table(columns, rows)}\n"


def fit(examples: Sequence[Example], numbers: Sequence[str]) -> Calibration:
    """Regularised logistic regression, by Newton's method, on standardised numbers."""
    raw = np.array([[getattr(each.evidence, name) for name in numbers] for each in examples], dtype=float)
    means = np.nanmean(raw, axis=0)
    values = np.where(np.isnan(raw), means, raw)
    scales = values.std(axis=0)
    design = np.column_stack([np.ones(len(values)), (values - means) / scales])
    answered = np.array([float(each.kind == "answerable") for each in examples])
    kinds = [each.kind for each in examples]
    weight = np.array([SHARES[kind] * len(kinds) / kinds.count(kind) for kind in kinds])
    ridge = RIDGE * np.eye(design.shape[1])
    ridge[0, 0] = 0
    odds = np.zeros(design.shape[1])
    for _ in range(25):
        likely = 1 / (1 + np.exp(-design @ odds))
        slope = design.T @ (weight * (answered - likely)) - ridge @ odds
        curvature = (design.T * (weight * likely * (1 - likely))) @ design + ridge
        odds += np.linalg.solve(curvature, slope)
    passed, told = np.quantile((design @ odds)[answered == 1], [1 - PASSED, 1 - ANSWERED])
    return Calibration(
        bias=round(float(odds[0]), 3),
        foreign=round(float(passed), 3),
        doubtful=round(float(told), 3),
        weights={name: round(float(w), 3) for name, w in zip(numbers, odds[1:] / scales, strict=True)},
        means={name: round(float(mean), 3) for name, mean in zip(numbers, means, strict=True)},
    )


def _cross_validated(examples: Sequence[Example], numbers: Sequence[str]) -> list[str]:
    above: dict[str, list[bool]] = {kind: [] for kind in SHARES}
    for corpus in sorted({each.corpus for each in examples}):
        calibration = fit([each for each in examples if each.corpus != corpus], numbers)
        for each in examples:
            if each.corpus == corpus:
                above[each.kind].append(calibration.log_odds(each.evidence) >= calibration.doubtful)
    right = {kind: np.mean([told == (kind == "answerable") for told in each]) for kind, each in above.items()}
    balanced = sum(SHARES[kind] * share for kind, share in right.items())
    return [f"{right[kind]:.2f}" for kind in ("answerable", "near", "taken away", "far")] + [
        f"{balanced:.3f}"
    ]


async def _examples() -> list[Example]:
    sets = {path.parent.name: read_questions(path) for path in sorted(SETS.glob("*/questions.jsonl"))}
    embedder = MiniLMEmbedder()
    examples: list[Example] = []
    with tempfile.TemporaryDirectory() as directory:
        for name, own in sets.items():
            index = EdgeIndex(Path(directory), name)
            await ingest([SETS / name / "docs"], index, embedder, count_tokens)
            contents = [(each, vector, index_terms(each)) for each, vector in await index.contents()]
            await index.close()
            crossed = [
                question
                for other, questions in sets.items()
                if other != name
                for question in [each for each in questions if each.kind == "in_scope"][::CROSSED]
            ]
            questions = [*own, *crossed]
            whole = FlatIndex(contents)
            vectors = await embedder.embed(
                [each.question for each in questions],
                purpose="question",
                dimensions=embedder.default_dimensions,
            )
            for number, (question, vector) in enumerate(zip(questions, vectors, strict=True)):
                for kind, searched in _kinds(question, whole, contents, foreign=number >= len(own)):
                    sought = (vector, search_terms(question.question))
                    [found] = searched.search([sought], CANDIDATES)
                    examples.append(Example(name, kind, gather(question.question, found)))
    await embedder.close()
    return examples


def _kinds(
    question: Question, whole: FlatIndex, contents: Sequence[Content], *, foreign: bool
) -> list[tuple[str, FlatIndex]]:
    """What the question is to the index, and to one of what is left without its answer."""
    if foreign or question.kind == "out_of_scope":
        return [("near" if question.near_miss and not foreign else "far", whole)]
    answers = {(each.file, each.heading) for each in question.answers}
    rest = [each for each in contents if (each[0].file, each[0].heading) not in answers]
    return [("answerable", whole), ("taken away", FlatIndex(rest))]


def _write(fitted: dict[str, Calibration]) -> None:
    lines = [
        '"""Written by `python -m benchmarks.refusals`; docs/evaluation.md tells how."""',
        "",
        "from ragspace.retrieval.calibration import Calibration",
        "",
        f'CALIBRATED = {{\n    "{MODEL}": {_literal(fitted["CALIBRATED"], "    ")},\n}}',
        f"SCALE_FREE = {_literal(fitted['SCALE_FREE'], '')}",
    ]
    CALIBRATED.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _literal(calibration: Calibration, indent: str) -> str:
    inner = indent + "    "
    fields = [
        f"bias={calibration.bias},",
        f"foreign={calibration.foreign},",
        f"doubtful={calibration.doubtful},",
        *(
            f"{name}={{\n"
            + "".join(f'{inner}    "{key}": {value},\n' for key, value in values.items())
            + f"{inner}}},"
            for name, values in (("weights", calibration.weights), ("means", calibration.means))
        ),
    ]
    return "Calibration(\n" + "".join(f"{inner}{field}\n" for field in fields) + f"{indent})"


if __name__ == "__main__":
    print(refit())
