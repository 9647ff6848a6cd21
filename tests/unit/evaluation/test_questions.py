"""Sets of questions: what is read, and what is refused by its line."""

import json
from pathlib import Path

import pytest

from ragspace.errors import RagspaceError
from ragspace.evaluation.docs_qa import read_docs_qa, resolved, write_documents
from ragspace.evaluation.questions import read_questions

GOOD = {"id": "a", "kind": "in_scope", "question": "How?", "answers": [{"file": "d/a.md", "heading": "A"}]}


def written(tmp_path: Path, *lines: object) -> Path:
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return file


def test_a_set_is_read_in_its_order_and_other_keys_are_ignored(tmp_path: Path) -> None:
    foreign = {"id": "b", "kind": "out_of_scope", "question": "Who?", "near_miss": True, "topic": "x"}
    first, second = read_questions(written(tmp_path, GOOD, "", foreign))
    assert (first.id, first.answers[0].heading, second.near_miss) == ("a", "A", True)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "line 2"),
        ({**GOOD, "id": "a"}, "the id a was there before"),
        ({**GOOD, "id": "b", "answers": []}, "at least one of its answers"),
        ({**GOOD, "id": "b", "kind": "follow_up"}, "the questions asked before it"),
        ({**GOOD, "id": "b", "kind": "selection"}, "the selected text"),
        ({**GOOD, "id": "b", "kind": "other"}, "kind"),
    ],
)
def test_what_is_wrong_is_told_by_its_line(tmp_path: Path, line: object, what: str) -> None:
    with pytest.raises(RagspaceError, match=what) as told:
        read_questions(written(tmp_path, GOOD, line))
    assert "line 2" in told.value.message


def test_an_empty_file_is_told_with_the_way_to_draft_one(tmp_path: Path) -> None:
    with pytest.raises(RagspaceError) as told:
        read_questions(written(tmp_path))
    assert "--init" in told.value.action


def test_docs_qa_becomes_pages_whose_sections_the_answers_name(tmp_path: Path) -> None:
    link = "https://docs.example/en/eval-tool#creating"
    chunk = {
        "chunk_link": link,
        "chunk_heading": "Creating",
        "text": "Creating\n\n# not a heading\nText\n---\n",
    }
    asked = {"id": "1", "question": "How?", "correct_chunks": [link]}
    (tmp_path / "corpus.json").write_text(json.dumps([chunk]))
    (tmp_path / "questions.json").write_text(json.dumps([asked]))

    sections = write_documents(tmp_path / "corpus.json", tmp_path)
    (question,) = resolved(read_docs_qa(tmp_path / "questions.json"), sections)

    assert (question.answers[0].file, question.answers[0].heading) == (
        "docs/en/eval-tool.md",
        "eval tool > Creating",
    )
    text = (tmp_path / "docs" / "en" / "eval-tool.md").read_text()
    assert text == "# eval tool\n\n## Creating\n\n\\# not a heading\nText\n\\---\n"
