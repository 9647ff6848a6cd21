"""Questions whose answers are known: one JSON document a line, as docs/evaluation.md describes them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ragspace.errors import RagspaceError

Kind = Literal["in_scope", "follow_up", "out_of_scope", "selection"]


class Section(BaseModel):
    """Where an answer stands: `file` and `heading` as a source names them."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    file: str
    heading: str
    link: str | None = None
    """The section's address, where the set names it so."""


class Question(BaseModel):
    """`after` are the questions asked before it, oldest first. `near_miss` marks what is out of scope
    although the documents are about its subject, and a selection that does not answer the question."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1)
    kind: Kind
    question: str = Field(min_length=1)
    answers: tuple[Section, ...] = ()
    after: tuple[str, ...] = ()
    context: str | None = None
    near_miss: bool | None = None
    expect: str | None = None
    """What of a selection's `context` answers, word for word; None where nothing in it does."""

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> "Question":
        if self.kind in ("in_scope", "follow_up") and not self.answers:
            raise ValueError(f"a question of the kind {self.kind} names at least one of its answers")
        if self.kind == "follow_up" and not self.after:
            raise ValueError("a follow_up names the questions asked before it, as after")
        if self.kind == "selection" and not (self.context or "").strip():
            raise ValueError("a selection holds the selected text, as context")
        return self


def read_questions(file: Path) -> list[Question]:
    """The questions in `file`.

    Raises RagspaceError, which names the line, where it is not as it should be.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise RagspaceError(
            f"{file} cannot be read.", action="Name a file of questions, as UTF-8 text."
        ) from None
    questions = list(_parsed(file, text))
    if not questions:
        raise RagspaceError(
            f"{file} holds no question.", action=f"Draft some: ragspace eval {file} --init DOCS"
        )
    return questions


def _parsed(file: Path, text: str) -> Iterator[Question]:
    seen: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            question = Question.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            message = first["msg"].removeprefix("Value error, ")
            raise _wrong(file, number, f"{where}: {message}" if where else message) from None
        if question.id in seen:
            raise _wrong(file, number, f"the id {question.id} was there before")
        seen.add(question.id)
        yield question


def _wrong(file: Path, number: int, what: str) -> RagspaceError:
    return RagspaceError(f"{file}, line {number}: {what}.", action="docs/evaluation.md describes the format.")
