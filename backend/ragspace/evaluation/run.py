"""Asking the retriever every question of a set."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ragspace.evaluation.questions import Question, Section
from ragspace.retrieval.retriever import Retriever

DEPTH = 20
"""Passages looked at for a question: enough that ten sections are among them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`ranked` are the sections found, best first, each once, whether they were held to fit or not; `refused`
    tells that none was. `milliseconds` is the time of the retrieval, the question's embedding included."""

    question: Question
    ranked: tuple[str, ...]
    refused: bool
    milliseconds: float

    @property
    def relevant(self) -> frozenset[str]:
        return frozenset(map(section_key, self.question.answers))


def section_key(section: Section) -> str:
    return f"{section.file} # {section.heading}"


async def evaluate(
    questions: Sequence[Question],
    retriever: Retriever,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Outcome]:
    """One outcome for each question that is asked of the index: a selection is not.

    Raises what `Retriever.ranking` raises.
    """
    outcomes = []
    asked = [question for question in questions if question.kind != "selection"]
    for number, question in enumerate(asked, start=1):
        begun = time.perf_counter()
        ranking = await retriever.ranking(question.question, previous=question.after, limit=DEPTH)
        elapsed = (time.perf_counter() - begun) * 1000
        sections = (f"{each.passage.file} # {each.passage.heading}" for each in ranking.candidates)
        outcomes.append(Outcome(question, tuple(dict.fromkeys(sections)), not ranking.fits, elapsed))
        progress(number)
    return outcomes
