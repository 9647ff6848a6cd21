"""The project's own questions, asked of its own documentation with the built-in parts.

Where a change is meant to move the figures, or the documents have changed: `ragspace eval
tests/data/ragspace/questions.jsonl --save tests/data/ragspace/figures.json`.
"""

from pathlib import Path

import orjson

from ragspace.evaluation.corpus import opened
from ragspace.evaluation.report import regressions, report
from ragspace.evaluation.run import evaluate
from ragspace.settings import Settings

SET = Path(__file__).parents[2] / "data" / "ragspace"

TOLERANCE = 0.08
"""The documents change with the project: three or four of its questions may."""


async def test_no_figure_of_the_projects_own_set_fell(tmp_path: Path) -> None:
    settings = Settings(ragspace_data_dir=tmp_path)
    async with opened(settings, SET / "questions.jsonl") as (retriever, questions):
        outcomes = await evaluate(questions, retriever)

    saved = orjson.loads((SET / "figures.json").read_bytes())
    assert regressions(saved, report(outcomes, k=3), TOLERANCE) == []
