"""How well it is told, with the real model, that an answer is not there: a gate on one of the sets."""

from pathlib import Path

import pytest

from ragspace.evaluation.questions import read_questions
from ragspace.evaluation.report import report
from ragspace.evaluation.run import evaluate
from ragspace.models.minilm import MiniLMEmbedder, count_tokens
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.ingest import ingest
from ragspace.retrieval.retriever import Retriever

JARGON = Path(__file__).parents[2] / "data" / "calibration" / "jargon"
LEAST = {"refusal recall of far ones": 0.9, "refusal recall of near misses": 0.3, "balanced accuracy": 0.7}


async def test_refusals_are_no_worse_than_they_were(tmp_path: Path) -> None:
    index, embedder = EdgeIndex(tmp_path, "jargon"), MiniLMEmbedder()
    await ingest([JARGON / "docs"], index, embedder, count_tokens)
    await index.open()

    outcomes = await evaluate(read_questions(JARGON / "questions.jsonl"), Retriever(index, embedder))
    await index.close()
    await embedder.close()

    figures = report(outcomes, k=3).figures["out_of_scope"]
    assert {name: figures[name].value for name in LEAST} == {
        name: pytest.approx(max(least, figures[name].value)) for name, least in LEAST.items()
    }
