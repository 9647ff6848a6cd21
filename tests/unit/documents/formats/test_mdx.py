from collections.abc import Callable
from pathlib import Path

import pytest

from ragspace.documents.formats.mdx import cleaned
from ragspace.documents.passage import Passage
from ragspace.documents.reader import Document


def test_a_docusaurus_page_keeps_its_words_and_loses_its_machinery(
    docs: Path, read_file: Callable[[Path], Document]
) -> None:
    passages = read_file(docs / "01-intro" / "02-setup.mdx").passages
    assert [(p.heading, p.anchor, p.section_depth, p.content) for p in passages] == [
        ("Robot handbook", "", 0, "Robots need green light."),
        (
            "Robot handbook > Setting up",
            "setting-up",
            1,
            (
                "**Watch out**\n\nUnplug it **first**, see [safety](safety.md).\n\n"
                "```bash\n# no heading\nimport x from 'y'\n:::tip\n<Tabs>\n```"
            ),
        ),
        (
            "Robot handbook > Setting up > Install & run npm",
            "install-it",
            2,
            (
                '```bash title="terminal"\nnpm install <package>\n```\n\n'
                "Use **yarn** and wait. `<Keep>` this, a < b, <https://example.com>."
            ),
        ),
        ("Robot handbook > Setting up > Limits", "limits-", 2, "None so far."),
        ("Robot handbook > Setting up > Next step", "next", 2, "Read on."),
    ]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a <b>c</b> d", "a c d"),
        ('<Foo bar={`>`} {...rest} baz="a > b"\n  on={() => { x }}\n/>after', "after"),
        ("<>fragment</>", "fragment"),
        ("one<br>two", "one two"),
        ("`<b>` ``a ` <i>`` <u>x</u>", "`<b>` ``a ` <i>`` x"),
        ("an unpaired ` and <b>bold</b>", "an unpaired ` and bold"),
        (r"\<b> stays", r"\<b> stays"),
        ("a <b and b > c", "a <b and b > c".replace("<b and b >", "")),
        (
            "1 < 2, <me@example.com>, <https://example.com/a>",
            "1 < 2, <me@example.com>, <https://example.com/a>",
        ),
        ("<style>{`p > a { x }`}</style>text", "text"),
        ("a<!-- x -->b{/* y */}c{' '}d", "abc d"),
        ("an unclosed <!-- comment", "an unclosed <!-- comment"),
        ("<Foo bar={ never closed", "<Foo bar={ never closed"),
        ('<h2 id="own" align="center">Title</h2>', "\n## Title {#own}\n"),
    ],
)
def test_tags_and_comments_go_and_their_words_stay(source: str, text: str) -> None:
    assert cleaned(source) == text


@pytest.mark.parametrize(
    "statement",
    [
        "import X from '@site/x';",
        'import "./style.css"',
        "import {\n  A,\n  B\n} from 'x'",
        "import X, {type Y} from 'x' // why",
        "export const a = [\n  {b: 1},\n\n  {c: 2},\n];",
        "export default function Page({children}) {\n  return <b>{children}</b>;\n}",
        "export {a} from 'x';",
        "export * from 'x'",
    ],
)
def test_imports_and_exports_go(statement: str) -> None:
    assert cleaned(f"before\n\n{statement}\n\nafter\n").split() == ["before", "after"]


@pytest.mark.parametrize(
    "prose",
    [
        "import the data from your disk",
        "import the data\n\nIt comes from 'x'",
        'import "x" into the robot',
        "export it as a file",
        "export *everything* you need",
        "important: {x}",
    ],
)
def test_prose_that_begins_like_a_statement_stays(prose: str) -> None:
    assert cleaned(f"{prose}\n") == f"{prose}\n"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (":::note\n\nx\n\n:::\n", "\n\nx\n\n\n"),
        (":::tip My title\nx\n:::", "**My title**\nx\n"),
        ("::::warning[A **b**]{.c}\n:::info\nx\n:::\n::::", "**A **b****\n\nx\n\n"),
        ("> :::note\n> x\n> :::", ">\n> x\n>"),
        ("a ::: b", "a ::: b"),
    ],
)
def test_markers_of_admonitions_go_and_their_titles_stay(source: str, text: str) -> None:
    assert cleaned(source) == text


def test_code_indented_with_its_element_is_no_indented_code(
    passages_of: Callable[..., list[Passage]],
) -> None:
    (passage,) = passages_of("<Tabs>\n\n    Some text.\n\n</Tabs>\n")
    assert passage.content == "Some text."


def test_indented_code_of_plain_markdown_keeps_its_indentation(
    passages_of: Callable[..., list[Passage]],
) -> None:
    (passage,) = passages_of("    # code <b>\n    more\n")
    assert passage.content == "    # code <b>\n    more"
