from collections.abc import Callable
from pathlib import Path

from ragspace.documents.passage import Passage
from ragspace.documents.reader import Document

PassagesOf = Callable[..., list[Passage]]


def test_the_main_content_of_a_page_becomes_markdown(
    docs: Path, read_file: Callable[[Path], Document]
) -> None:
    passages = read_file(docs / "guide" / "page.html").passages
    assert [(p.heading, p.anchor, p.content) for p in passages] == [
        ("Install & go", "install--go", "Hello bold and `` a`b ``\non two lines."),
        ("Install & go > Own id", "own-id", "Has its own."),
        (
            "Install & go > Sphinx id",
            "sphinx-id",
            (
                "- one\n- two\n  - nested\n\n3. third\n4. fourth\n\n```python\ndef f():\n    pass\n```\n\n"
                "| A | B\\|C |\n| --- | --- |\n| 1 | 2 3 |\n\n> Quoted heading"
            ),
        ),
        ("Install & go > Again", "again", "first"),
        ("Install & go > Again", "again-1", "second"),
    ]


def test_a_page_without_a_heading_has_its_title(passages_of: PassagesOf) -> None:
    (passage,) = passages_of("<title>Robots</title><p>Text.", "a.html")
    assert passage.heading_path == ("Robots",)


def test_a_heading_that_is_only_a_picture_is_no_title(passages_of: PassagesOf) -> None:
    (passage,) = passages_of("<title>Robots</title><h1><img src=logo.png></h1><p>Text.", "a.html")
    assert passage.heading_path == ("Robots",)


def test_the_declared_encoding_is_used(passages_of: PassagesOf) -> None:
    page = '<meta http-equiv="content-type" content="text/html; charset=koi8-r"><p>привет'
    (passage,) = passages_of(page.encode("koi8-r"), "a.html")
    assert passage.content == "привет"


def test_code_in_a_list_stays_in_it(passages_of: PassagesOf) -> None:
    (passage,) = passages_of(
        "<ul><li><p>Run</p><pre><code class=language-js>a\n b</code></pre></ul>", "a.html"
    )
    assert passage.content == "- Run\n\n  ```js\n  a\n   b\n  ```"


def test_tables_for_layout_are_read_as_text(passages_of: PassagesOf) -> None:
    (passage,) = passages_of("<table><tr><td><h2>A</h2><p>b</p></td></tr></table>", "a.html")
    assert (passage.heading, passage.content) == ("A", "b")


def test_nesting_deeper_than_python_recurses_is_read(passages_of: PassagesOf) -> None:
    (passage,) = passages_of("<div>" * 3000 + "deep", "a.html")
    assert passage.content == "deep"


def test_a_table_of_contents_is_no_content_and_the_header_of_the_content_is(passages_of: PassagesOf) -> None:
    page = (
        "<header><h1>Site</h1></header><div role=navigation>Menu</div>"
        "<section><header><h1>Folders</h1></header>"
        "<div class='toc left'><h2>Table of contents</h2><ul><li>Cache</ul></div>"
        "<h2>Cache</h2><p>Text.</section>"
    )
    (passage,) = passages_of(page, "a.html")
    assert passage.heading_path == ("Folders", "Cache")
