"""Asking the retriever every question of a set."""

import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from ragspace.chat.prompt import selection_request
from ragspace.evaluation.questions import Question, Section
from ragspace.models.extractive import ExtractiveGenerator
from ragspace.models.protocols import Delta
from ragspace.retrieval.retriever import Retriever


@dataclass(frozen=True, slots=True)
class Outcome:
    """`ranked` are the sections found, best first, each once, whether they were held to fit or not; `refused`
    tells that none was. `milliseconds` is the time of the retrieval, the question's embedding included.
    A selection has no sections: `answer` is what the built-in answers quote of it."""

    question: Question
    ranked: tuple[str, ...]
    refused: bool
    milliseconds: float
    answer: str = ""

    @property
    def relevant(self) -> frozenset[str]:
        return frozenset(map(section_key, self.question.answers))


def section_key(section: Section) -> str:
    return _key(section.file, section.heading)


def _key(file: str, heading: str) -> str:
    """A set may quote a heading as it is written, with its code marks, which a source leaves out."""
    return f"{file} # {heading.replace('`', '')}"


async def _quoted(question: Question) -> str:
    request = selection_request(question.question, question.context or "")
    async with aclosing(ExtractiveGenerator().stream(request)) as pieces:
        return "".join([piece.text async for piece in pieces if isinstance(piece, Delta)])


async def evaluate(
    questions: Sequence[Question],
    retriever: Retriever,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Outcome]:
    """One outcome for each question; a selection is not asked of the index.

    Raises what `Retriever.ranking` raises.
    """
    outcomes = []
    for number, question in enumerate(questions, start=1):
        begun = time.perf_counter()
        if question.kind == "selection":
            answer = await _quoted(question)
            elapsed = (time.perf_counter() - begun) * 1000
            outcomes.append(Outcome(question, (), not answer, elapsed, answer))
            progress(number)
            continue
        ranking = await retriever.ranking(question.question, previous=question.after)
        elapsed = (time.perf_counter() - begun) * 1000
        sections = (_key(each.passage.file, each.passage.heading) for each in ranking.candidates)
        outcomes.append(Outcome(question, tuple(dict.fromkeys(sections)), not ranking.fits, elapsed))
        progress(number)
    return outcomes
