"""The benchmark docs-qa (https://github.com/anthropics/claude-cookbooks, retrieval_augmented_generation) as
documents and questions: a page becomes a Markdown file, titled by the last word of its address."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from ragspace.errors import RagspaceError
from ragspace.evaluation.questions import Question, Section

CORPUS = "corpus.json"
FOLDER = "docs"


def write_documents(corpus: Path, directory: Path) -> dict[str, Section]:
    """Write the sections of `corpus` into `directory`/docs; where each link leads, as a source names it."""
    pages: dict[str, list[str]] = defaultdict(list)
    sections: dict[str, Section] = {}
    for chunk in _read(corpus):
        link, heading, text = chunk["chunk_link"], _one_line(chunk["chunk_heading"]), chunk["text"]
        file, title = _page(link)
        # Some chunks are a heading alone. The benchmark counts them, so their text stays what it is there.
        body = _plain(text.removeprefix(chunk["chunk_heading"])) or _plain(heading)
        pages[file].append(f"## {heading}\n\n{body}\n")
        sections[link] = Section(file=f"{FOLDER}/{file}", heading=f"{title} > {heading}", link=link)
    for file, written in pages.items():
        path = directory / FOLDER / file
        path.parent.mkdir(parents=True, exist_ok=True)
        title = path.stem.replace("-", " ")
        path.write_text(f"# {title}\n\n" + "\n".join(written), encoding="utf-8")
    return sections


def read_docs_qa(file: Path) -> list[Question]:
    """The benchmark's own questions; each answer is known by its link alone."""
    return [
        Question(
            id=each["id"],
            kind="in_scope",
            question=each["question"],
            answers=tuple(Section(file="", heading="", link=link) for link in each["correct_chunks"]),
        )
        for each in _read(file)
    ]


def resolved(questions: Sequence[Question], sections: dict[str, Section]) -> list[Question]:
    """`questions` with the sections that their answers' links lead to. Raises RagspaceError for a link that
    leads to none."""
    return [
        question.model_copy(update={"answers": tuple(_resolved(each, sections) for each in question.answers)})
        for question in questions
    ]


def _resolved(section: Section, sections: dict[str, Section]) -> Section:
    if section.link is None:
        return section
    if section.link not in sections:
        raise RagspaceError(
            f"The documents have no section {section.link}.", action="Name the documents it belongs to."
        )
    return sections[section.link]


def _read(file: Path) -> list[dict[str, str]]:
    try:
        return list(orjson.loads(file.read_bytes()))
    except (OSError, orjson.JSONDecodeError, TypeError):
        raise RagspaceError(f"{file} cannot be read.", action="Name a file of docs-qa.") from None


def _page(link: str) -> tuple[str, str]:
    path = urlsplit(link).path.strip("/") or "index"
    return f"{path}.md", path.rpartition("/")[2].replace("-", " ")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    """Text that is no Markdown: what would begin a heading or underline one is kept from doing so."""
    return re.sub(r"(?m)^([ \t]*)(?=#|=+[ \t]*$|-+[ \t]*$)", r"\1\\", text.strip())
