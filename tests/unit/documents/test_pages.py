import pytest

from ragspace.documents.pages import docusaurus_page, served_page, sphinx_page


@pytest.mark.parametrize(
    ("file", "page"),
    [
        ("docs/module-01/chapter-03.md", "docs/module-01/chapter-03"),
        ("docs/index.mdx", "docs"),
        ("docs/a/index.md", "docs/a"),
        ("docs/a/README.md", "docs/a"),
        ("docs/arm/Arm.md", "docs/arm"),
        ("docs/docs.md", "docs/docs"),
        ("docs/01-intro.md", "docs/intro"),
        ("docs/02-guide/1. first steps.md", "docs/guide/first steps"),
        ("docs/01_a/03 - b.md", "docs/a/b"),
        ("docs/2021-11-foo.md", "docs/2021-11-foo"),
        ("docs/1.0.0.md", "docs/1.0.0"),
        ("docs/7.0-notes/x.md", "docs/7.0-notes/x"),
        ("docs/01.md", "docs/01"),
        ("01-docs/a.md", "01-docs/a"),
    ],
)
def test_page_is_the_one_that_docusaurus_makes(file: str, page: str) -> None:
    assert docusaurus_page(file) == page


@pytest.mark.parametrize(
    ("slug", "page"),
    [
        ("/c", "docs/c"),
        ("/", "docs"),
        ("/c/", "docs/c"),
        ("c", "docs/a/c"),
        ("./c", "docs/a/c"),
        ("../c", "docs/c"),
        ("../../../c", "docs/c"),
    ],
)
def test_slug_of_the_front_matter_is_relative_to_the_folder_or_the_root(slug: str, page: str) -> None:
    assert docusaurus_page("docs/01-a/b.md", slug=slug, doc_id="unused") == page


def test_id_of_the_front_matter_replaces_the_last_segment() -> None:
    assert docusaurus_page("docs/a/01-b.md", doc_id="arm") == "docs/a/arm"


def test_id_does_not_move_the_index_of_a_folder() -> None:
    assert docusaurus_page("docs/a/index.md", doc_id="arm") == "docs/a"


def test_sphinx_pages_have_no_suffix() -> None:
    assert sphinx_page("docs/01-a/b.rst") == "docs/01-a/b"
    assert sphinx_page("docs/a/index.rst") == "docs/a"


def test_files_that_are_served_as_they_are_keep_their_suffix() -> None:
    assert served_page("docs/a/manual.pdf") == "docs/a/manual.pdf"
    assert served_page("docs/a/index.html") == "docs/a"
