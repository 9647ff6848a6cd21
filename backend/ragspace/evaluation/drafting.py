"""Draft questions from the headings of documents: a start for a set that somebody then makes a good one."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from ragspace.documents.passage import CountTokens
from ragspace.documents.reader import Document, read_documents
from ragspace.evaluation.questions import Question, Section

FOREIGN = (
    "What is the capital of Australia?",
    "Can you write a poem about the sea?",
    "Who won the last football World Cup?",
)
"""Questions that no documentation answers; near misses are for the author to add."""


def draft_questions(paths: Sequence[Path], count_tokens: CountTokens) -> Iterator[Question]:
    """One question for each section of the documents at `paths`, then some that are out of scope.

    Raises what `read_documents` raises.
    """
    number = 0
    for document in read_documents(paths, count_tokens):
        if not isinstance(document, Document):
            continue
        sections = dict.fromkeys((each.file, each.heading_path) for each in document.passages)
        for file, headings in sections:
            if headings:
                number += 1
                yield Question(
                    id=f"draft-{number:03}",
                    kind="in_scope",
                    question=_question(headings),
                    answers=(Section(file=file, heading=" > ".join(headings)),),
                )
    for each, text in enumerate(FOREIGN, start=1):
        yield Question(id=f"foreign-{each:03}", kind="out_of_scope", question=text, near_miss=False)


def _question(headings: tuple[str, ...]) -> str:
    heading = headings[-1]
    if heading.endswith("?"):
        return heading
    above = f" ({headings[-2]})" if len(headings) > 1 else ""
    return f"What do I need to know about {heading}{above}?"
