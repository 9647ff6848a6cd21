from collections.abc import Callable
from pathlib import Path

import pytest

from ragspace.documents.passage import Passage
from ragspace.documents.reader import Document, SkippedFile, read_documents
from tests.unit.documents.counting import count_words


@pytest.fixture
def docs() -> Path:
    """A folder `docs` with one file for each format and its traps."""
    return Path(__file__).parents[2] / "fixtures" / "documents" / "docs"


@pytest.fixture
def read_file() -> Callable[[Path], Document]:
    def read(path: Path) -> Document:
        (document,) = read_documents([path], count_words)
        assert isinstance(document, Document), document
        return document

    return read


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., Document | SkippedFile]:
    """Reads what a file `docs/<name>` of this content gives."""

    def read(content: str | bytes, name: str = "a.md") -> Document | SkippedFile:
        path = tmp_path / "docs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        (document,) = read_documents([path], count_words)
        return document

    return read


@pytest.fixture
def passages_of(read_bytes: Callable[..., Document | SkippedFile]) -> Callable[..., list[Passage]]:
    def read(content: str | bytes, name: str = "a.md") -> list[Passage]:
        document = read_bytes(content, name)
        assert isinstance(document, Document), document
        return document.passages

    return read
