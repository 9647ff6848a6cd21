import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ragspace.documents import reader
from ragspace.documents.reader import Document, SkippedFile, read_documents
from ragspace.errors import ConfigurationError
from tests.unit.documents.counting import count_words


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    root.mkdir()
    return root


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"The text of {name}.")


def of_size(path: Path, megabytes: int) -> None:
    """A file that takes no room on the disk."""
    with path.open("wb") as file:
        file.write(b"%PDF-1.7\n")
        file.truncate(megabytes * 1024 * 1024)


def files(*paths: Path) -> list[str]:
    return [item.file for item in read_documents(paths, count_words)]


def reasons(*paths: Path) -> dict[str, str]:
    items = read_documents(paths, count_words)
    return {item.file: item.reason for item in items if isinstance(item, SkippedFile)}


def test_every_format_is_read_from_a_folder_in_the_order_of_the_names(docs: Path) -> None:
    items = list(read_documents([docs], count_words))
    assert [(item.file, item.title) for item in items if isinstance(item, Document)] == [
        ("docs/01-intro/02-setup.mdx", "Robot handbook"),
        ("docs/guide/manual.rst", "Manual of robots"),
        ("docs/guide/notes.txt", "notes"),
        ("docs/guide/page.html", "Install & go"),
        ("docs/traps.md", "Traps & pitfalls in Markdown"),
    ]
    assert len(items) == 5


def test_passages_tell_where_they_come_from(docs: Path) -> None:
    (document,) = read_documents([docs / "guide" / "notes.txt"], count_words)
    assert isinstance(document, Document)
    (passage,) = document.passages
    assert (passage.file, passage.page) == ("guide/notes.txt", "guide/notes.txt")
    assert passage.token_count == count_words(passage.content)
    assert (passage.part, passage.parts) == (1, 1)


def test_hidden_generated_and_partial_files_are_not_walked(site: Path) -> None:
    write(site, "a.md", "b/c.MD", ".hidden/x.md", ".x.md", "node_modules/p/README.md", "_build/x.html")
    write(site, "_partial.md", "b/_partial.mdx", "picture.png", "README")
    assert files(site) == ["docs/a.md", "docs/b/c.MD"]


def test_a_file_named_by_the_user_is_read_whatever_its_name(site: Path) -> None:
    write(site, "_partial.md")
    assert files(site / "_partial.md") == ["docs/_partial.md"]


def test_a_file_named_by_the_user_of_an_unknown_kind_is_told(site: Path) -> None:
    write(site, "data.csv")
    assert re.match(r"The file is of a kind that is not read", reasons(site / "data.csv")["docs/data.csv"])


def test_files_that_cannot_be_read_are_named_and_the_rest_is_read(site: Path) -> None:
    write(site, "good.md")
    (site / "empty.md").write_bytes(b"")
    (site / "blank.md").write_text(" \n\n")
    (site / "comment.md").write_text("<!-- nothing -->\n\n# Only a heading\n")
    (site / "draft.mdx").write_text("---\ndraft: true\n---\nText.")
    of_size(site / "huge.md", 50)
    of_size(site / "huge.pdf", 65)
    (site / "picture.md").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
    (site / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (site / "gone.md").symlink_to(site / "nowhere.md")
    (site / "itself.md").symlink_to(site / "itself.md")
    os.mkfifo(site / "pipe.md")
    assert reasons(site) == {
        "docs/empty.md": "The file is empty.",
        "docs/blank.md": "The file is empty.",
        "docs/comment.md": "The file holds no text.",
        "docs/draft.mdx": "The file is marked as a draft in its front matter.",
        "docs/huge.md": "The file is larger than 16 MB: split it up.",
        "docs/huge.pdf": "The file is larger than 64 MB: split it up.",
        "docs/picture.md": "The file is not text.",
        "docs/broken.pdf": "The file is not a readable PDF.",
        "docs/gone.md": "The file is a link to a file that does not exist.",
        "docs/itself.md": "The file cannot be opened: too many levels of symbolic links.",
        "docs/pipe.md": "The file is no regular file.",
    }
    assert "docs/good.md" in files(site)


def test_a_pdf_may_be_larger_than_a_text(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "LARGEST_TEXT", 0)
    write(site, "scans.pdf", "text.md")
    assert reasons(site) == {
        "docs/scans.pdf": "The file is not a readable PDF.",
        "docs/text.md": "The file is larger than 0 MB: split it up.",
    }


def test_links_that_lead_in_a_circle_are_told_once_and_the_rest_is_read(site: Path) -> None:
    write(site, "a/x.md", "b/y.md")
    (site / "a" / "to-b").symlink_to(site / "b", target_is_directory=True)
    (site / "b" / "to-a").symlink_to(site / "a", target_is_directory=True)
    assert [file for file in files(site) if not file.endswith("/")] == [
        "docs/a/to-b/y.md",
        "docs/a/x.md",
        "docs/b/to-a/x.md",
        "docs/b/y.md",
    ]
    assert set(reasons(site).values()) == {"The folder is a symbolic link to a folder that it stands in."}


def test_a_link_to_a_folder_above_is_told_and_not_followed(site: Path) -> None:
    write(site, "a/b.md")
    (site / "a" / "loop").symlink_to(site, target_is_directory=True)
    assert files(site) == ["docs/a/b.md", "docs/a/loop/"]
    assert reasons(site) == {"docs/a/loop/": "The folder is a symbolic link to a folder that it stands in."}


def test_a_linked_folder_elsewhere_is_read(site: Path, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", "x.md")
    (site / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert files(site) == ["docs/linked/x.md"]


def test_a_name_that_is_not_utf_8_is_told(site: Path) -> None:
    Path(os.fsdecode(os.fsencode(site) + b"/caf\xe9.md")).write_text("Text.")
    assert reasons(site) == {"docs/caf?.md": "The file has a name that is not UTF-8."}


def test_a_parser_that_trips_over_a_file_does_not_end_the_run(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trip(_: bytes) -> None:
        raise KeyError("a bug")

    monkeypatch.setitem(reader._PARSERS, ".rst", trip)
    write(site, "a.rst", "b.md")
    assert files(site) == ["docs/a.rst", "docs/b.md"]
    assert reasons(site) == {"docs/a.rst": "The file cannot be parsed (KeyError)."}


def test_files_are_read_only_when_asked_for(site: Path) -> None:
    write(site, "a.md", "b.md")
    items = read_documents([site], count_words)
    next(items)
    (site / "b.md").unlink()
    assert next(items) == SkippedFile("docs/b.md", "The file is gone.")


def test_a_wrong_path_is_refused_before_anything_is_read(site: Path) -> None:
    with pytest.raises(ConfigurationError):
        read_documents([site, site / "nowhere"], count_words)


def test_front_matter_moves_the_page(read_bytes: Callable[..., Document]) -> None:
    document = read_bytes("---\nslug: /arm\n---\nText.", "b.md")
    assert document.passages[0].page == "docs/arm"


def test_without_a_title_the_file_lends_its_name(read_bytes: Callable[..., Document]) -> None:
    document = read_bytes("Text.", "notes.md")
    assert document.title == "notes"
    assert document.passages[0].heading_path == ()
