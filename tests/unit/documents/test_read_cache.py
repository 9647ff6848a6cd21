from collections.abc import Iterator
from pathlib import Path

import pytest

from ragspace.documents import read_cache
from ragspace.documents.read_cache import ReadCache
from ragspace.documents.reader import Document, SkippedFile, Unchanged, read_changed_documents
from tests.support.passages import passage
from tests.unit.documents.counting import count_words

PASSAGES = [passage("One."), passage("Two.")]
IDS = [each.id for each in PASSAGES]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "reading" / "docs.sqlite"


@pytest.fixture
def cache(path: Path) -> Iterator[ReadCache]:
    opened = ReadCache(path)
    opened.open()
    yield opened
    opened.close()


def reopened(path: Path) -> ReadCache:
    cache = ReadCache(path)
    cache.open()
    return cache


def test_what_a_file_gave_is_remembered_over_runs(cache: ReadCache, path: Path) -> None:
    cache.remember("docs/a.md", b"text", PASSAGES)
    cache.close()
    again = reopened(path)
    assert again.passages("docs/a.md", b"text") == IDS
    again.close()


def test_another_content_or_another_file_is_not_known(cache: ReadCache) -> None:
    cache.remember("docs/a.md", b"text", PASSAGES)
    assert cache.passages("docs/a.md", b"text.") is None
    assert cache.passages("docs/b.md", b"text") is None
    cache.remember("docs/a.md", b"text.", PASSAGES[:1])
    assert cache.passages("docs/a.md", b"text.") == IDS[:1]
    assert cache.passages("docs/a.md", b"text") is None


def test_what_other_readers_made_is_not_known(cache: ReadCache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.remember("docs/a.md", b"text", PASSAGES)
    monkeypatch.setattr(read_cache, "_readers", lambda: b"another version")
    assert cache.passages("docs/a.md", b"text") is None


def test_a_damaged_cache_knows_nothing_and_the_next_is_whole(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database" * 1000)
    damaged = reopened(path)
    damaged.remember("docs/a.md", b"text", PASSAGES)
    assert damaged.passages("docs/a.md", b"text") is None
    damaged.close()

    cache = reopened(path)
    cache.remember("docs/a.md", b"text", PASSAGES)
    assert cache.passages("docs/a.md", b"text") == IDS
    cache.close()


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = reopened(tmp_path / "file" / "docs.sqlite")
    cache.remember("docs/a.md", b"text", PASSAGES)
    assert cache.passages("docs/a.md", b"text") is None
    cache.close()


def test_only_files_that_changed_or_whose_passages_are_gone_are_read(
    cache: ReadCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "docs"
    root.mkdir()
    for name in ("changed", "kept", "lost"):
        (root / f"{name}.md").write_text(f"# {name}\n\nText.\n")
    (root / "empty.md").touch()
    first = list(read_changed_documents([root], count_words, cache, ()))
    known = {
        each.id: document.file
        for document in first
        if isinstance(document, Document) and document.file != "docs/lost.md"
        for each in document.passages
    }
    (root / "changed.md").write_text("# changed\n\nOther text.\n")

    found = list(read_changed_documents([root], count_words, cache, known))

    assert [(each.file, type(each)) for each in found] == [
        ("docs/changed.md", Document),
        ("docs/empty.md", SkippedFile),
        ("docs/kept.md", Unchanged),
        ("docs/lost.md", Document),
    ]
    unchanged = found[2]
    assert isinstance(unchanged, Unchanged)
    assert [known[each] for each in unchanged.passages] == ["docs/kept.md"]
