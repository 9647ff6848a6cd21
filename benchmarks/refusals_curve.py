"""Draw docs/images/refusals.png: what is answered against what is refused, on sets that the fit never saw.

`python -m benchmarks.refusals_curve`, with matplotlib installed beside the project's packages. The
documents of docs-qa are looked for in ../shared/data/docs-qa.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ragspace.cli.configuration import load_settings
from ragspace.evaluation.corpus import opened
from ragspace.models.minilm import MODEL
from ragspace.retrieval.calibrated import CALIBRATED
from ragspace.retrieval.evidence import gather

ROOT = Path(__file__).parents[1]
DATA = ROOT / "tests" / "data"
PICTURE = ROOT / "docs" / "images" / "refusals.png"
SETS = {
    "docs-qa-refusals": [ROOT.parent / "shared" / "data" / "docs-qa" / "corpus.json"],
    "ragspace": [ROOT / "README.md", ROOT / "docs", ROOT / "huggingface-spaces" / "DEPLOYMENT.md"],
    "sqlite": [DATA / "sqlite" / "docs"],
}

Scores = dict[str, list[float]]
"""Log odds, over the threshold in use, by kind: `answerable`, `near` and `far`."""


def main() -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 5))
    for name, docs in SETS.items():
        scores = asyncio.run(_scores(DATA / name / "questions.jsonl", docs))
        colour = _draw(axes, name, scores, scores["near"] + scores["far"], "-")
        _draw(axes, "", scores, scores["near"], ":", colour)
    axes.set_xlabel("foreign questions refused (dotted: near misses alone)")
    axes.set_ylabel("answerable questions answered")
    axes.set_title("Each threshold on the log odds; the dot is the one in use")
    axes.grid(visible=True, alpha=0.3)
    axes.legend(loc="lower left")
    PICTURE.parent.mkdir(exist_ok=True)
    figure.tight_layout()
    figure.savefig(PICTURE, dpi=110)


def _draw(
    axes: Any, name: str, scores: Scores, foreign: Sequence[float], line: str, colour: Any = None
) -> Any:
    def shares(threshold: float) -> tuple[float, float]:
        refused = sum(score < threshold for score in foreign) / len(foreign)
        answered = sum(score >= threshold for score in scores["answerable"]) / len(scores["answerable"])
        return refused, answered

    thresholds = sorted({-99.0, 99.0, *foreign, *scores["answerable"]})
    drawn = axes.plot(*zip(*map(shares, thresholds), strict=True), line, color=colour, label=name or None)[0]
    axes.plot(*shares(0.0), "o", color=drawn.get_color())
    best = max(sum(shares(threshold)) / 2 for threshold in thresholds)
    print(f"{name or '  near misses'}: balanced {sum(shares(0.0)) / 2:.3f}, at best {best:.3f}", flush=True)
    return drawn.get_color()


async def _scores(questions_file: Path, docs: Sequence[Path]) -> Scores:
    scores: Scores = {"answerable": [], "near": [], "far": []}
    calibration = CALIBRATED[MODEL]
    async with opened(load_settings(), questions_file, docs) as (retriever, questions):
        for question in questions:
            if question.kind not in ("in_scope", "out_of_scope"):
                continue
            [found] = await retriever.found([question.question])
            foreign = "near" if question.near_miss else "far"
            kind = "answerable" if question.kind == "in_scope" else foreign
            evidence = gather(question.question, found)
            scores[kind].append(calibration.log_odds(evidence) - calibration.doubtful)
    return scores


if __name__ == "__main__":
    main()
