from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragspace.documents.formats.markdown import read_markdown
from ragspace.documents.passage import Passage
from ragspace.documents.reader import Document

PassagesOf = Callable[..., list[Passage]]


@pytest.fixture
def traps(docs: Path, read_file: Callable[[Path], Document]) -> list[Passage]:
    return read_file(docs / "traps.md").passages


def test_headings_make_the_sections(traps: list[Passage]) -> None:
    title = "Traps & pitfalls in Markdown"
    assert [(p.heading_path, p.anchor, p.section_depth) for p in traps] == [
        ((), "", 0),
        ((title,), "traps--pitfalls-in-markdown", 1),
        ((title, "Setup"), "setup", 2),
        ((title, "Setup"), "setup-2", 2),
        ((title, "Only a parent", "Fences"), "fences", 3),
        ((title, "Only a parent", "الروبوتات والذكاء"), "الروبوتات-والذكاء", 3),
        ((title, "Only a parent", "机器人 学"), "机器人-学", 3),
        ((title, "Only a parent", "🤖 Robots 🤖"), "-robots-", 3),
        ((title, "Table"), "table", 2),
    ]


def test_what_looks_like_a_heading_in_code_or_quotes_is_none(traps: list[Passage]) -> None:
    contents = [passage.content for passage in traps]
    assert contents[2] == "> ## Setup\n>\n> Quoted.\n>\n> ```sh\n> # quoted code\n> ```"
    assert contents[3] == "1. First\n\n   ```py\n   # code in a list\n   ```\n\n2. Second"
    assert contents[4] == "````md\n```js\n## inner\n```\n## outer\n````\n\n~~~text\n``` is not the end\n~~~"


def test_tables_and_what_follows_a_rule_stay_as_they_are(traps: list[Passage]) -> None:
    assert traps[-1].content == (
        "| Sensor | Range |\n| ------ | ----- |\n| LiDAR  | 100 m |\n\n    # indented code\n\n"
        "After the last rule.\n\n~~~\nunclosed\n## still code"
    )


def test_a_title_in_the_front_matter_leads_every_heading_path(passages_of: PassagesOf) -> None:
    passages = passages_of("---\ntitle: Book\n---\nIntro.\n\n## A\n\na\n\n# B\n\nb\n")
    assert [p.heading_path for p in passages] == [("Book",), ("Book", "A"), ("Book", "B")]


def test_a_title_that_is_also_the_first_heading_is_not_repeated(passages_of: PassagesOf) -> None:
    passages = passages_of("---\ntitle: The Book\n---\n# The book\n\na\n\n## B\n\nb\n")
    assert [p.heading_path for p in passages] == [("The book",), ("The book", "B")]


def test_a_sidebar_label_is_the_title_where_there_is_no_other(passages_of: PassagesOf) -> None:
    assert passages_of("---\nsidebar_label: Arm\n---\nx\n")[0].heading_path == ("Arm",)
    assert passages_of("---\nsidebar_label: Arm\n---\n# The arm\n\nx\n")[0].heading_path == ("The arm",)


def test_a_deeper_heading_closes_with_the_next_of_its_level(passages_of: PassagesOf) -> None:
    passages = passages_of("# A\n### B\nb\n## C\nc\n### D\nd\n# E\ne\n")
    assert [p.heading for p in passages] == ["A > B", "A > C", "A > C > D", "E"]


@pytest.mark.parametrize(
    ("heading", "text", "anchor"),
    [
        ("## The `run` *command* of [docs](x.md) #", "The run command of docs", "the-run-command-of-docs"),
        ("## Q&amp;A ![icon](i.png)", "Q&A icon", "qa-icon"),
        ("## \"Safe\" & 'sound' ‘now’", "\"Safe\" & 'sound' ‘now’", "safe--sound-now"),
        ("## Own {#my-id}", "Own", "my-id"),
        (r"## Own \{#my-id}", "Own", "my-id"),
        ("## A <span>b</span>", "A b", "a-b"),
        ("## C# and ~~old~~", "C# and old", "c-and-old"),
        ("## snake_case_name", "snake_case_name", "snake_case_name"),
        ("Two\nlines\n---", "Two lines", "two-lines"),
    ],
)
def test_headings_are_plain_text(passages_of: PassagesOf, heading: str, text: str, anchor: str) -> None:
    (passage,) = passages_of(f"{heading}\n\nx\n")
    assert (passage.heading_path, passage.anchor) == ((text,), anchor)


def test_an_own_id_is_not_counted_among_the_headings(passages_of: PassagesOf) -> None:
    passages = passages_of("## A {#x}\n\na\n\n## A\n\nb\n\n## A\n\nc\n")
    assert [p.anchor for p in passages] == ["x", "a", "a-1"]


def test_a_heading_of_five_hundred_characters_is_shortened_and_its_words_are_kept(
    passages_of: PassagesOf,
) -> None:
    heading = "many words " * 50
    (passage,) = passages_of(f"# {heading}\n\nText.\n")
    assert len(passage.heading_path[0]) <= 200
    assert passage.heading_path[0].endswith("…")
    assert passage.content.startswith(heading.strip())


def test_an_empty_heading_begins_a_section_without_a_name(passages_of: PassagesOf) -> None:
    passages = passages_of("# A\n\na\n\n##\n\nb\n")
    assert [(p.heading, p.content) for p in passages] == [("A", "a"), ("A", "b")]


@pytest.mark.parametrize(
    "source",
    [
        b"\xef\xbb\xbf---\r\ntitle: T\r\n---\r\n\r\n# A\r\n\r\ncaf\xc3\xa9\r\n",
        b"---\ntitle: T\n---\n# A\n\ncaf\xe9\n",
    ],
    ids=["byte order mark and CRLF", "Latin-1"],
)
def test_old_encodings_and_line_ends_are_read(passages_of: PassagesOf, source: bytes) -> None:
    (passage,) = passages_of(source)
    assert (passage.heading, passage.content) == ("T > A", "café")


def test_tabs_indent(passages_of: PassagesOf) -> None:
    (passage,) = passages_of("- a\n\n\t```\n\t# code\n\t```\n- b\n")
    assert passage.content == "- a\n\n\t```\n\t# code\n\t```\n- b"


@pytest.mark.parametrize("source", [">" * 3000 + " deep", "".join("  " * i + "- x\n" for i in range(400))])
def test_deep_nesting_is_read(passages_of: PassagesOf, source: str) -> None:
    assert passages_of(source)


def test_an_endless_line_is_cut(passages_of: PassagesOf) -> None:
    passages = passages_of("word " * 20_000)
    assert max(p.token_count for p in passages) <= 220
    assert sum(p.token_count for p in passages) == 20_000


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="#`~>-*<{/}!:=\n\t |[]()ab1.\\", max_size=200), st.booleans())
def test_whatever_is_written_is_read(text: str, mdx: bool) -> None:
    sections = read_markdown(text, mdx=mdx).sections
    assert all(block.text for section in sections for block in section.blocks)
