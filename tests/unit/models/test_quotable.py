import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragspace.models.quotable import Block, blocks, sentences

SECRETS = """\
The Space needs a few secrets. Set these before the upload:

- `GEMINI_API_KEY`: from AI Studio.
  It is free.
- `QDRANT_URL`: the address.
    - nested: with its port.

Then upload.
"""


@pytest.mark.parametrize(
    ("paragraph", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("It takes 3.5 GB, e.g. here. Then it runs.", ["It takes 3.5 GB, e.g. here.", "Then it runs."]),
        ("Ask Dr. Smith. See Fig. 3 for it.", ["Ask Dr. Smith.", "See Fig. 3 for it."]),
        ("Call `a.b. C()` first. `Then` this.", ["Call `a.b. C()` first.", "`Then` this."]),
        ("He said “no.” She left (so.) **All** is.", ["He said “no.”", "She left (so.)", "**All** is."]),
        ("Wrapped over\ntwo lines. Next\none.", ["Wrapped over\ntwo lines.", "Next\none."]),
        ("それは速い。とても速い。", ["それは速い。", "とても速い。"]),
        ("see www.example.com. for more", ["see www.example.com. for more"]),
        ("", []),
    ],
)  # fmt: skip
def test_a_paragraph_is_split_where_its_sentences_end(paragraph: str, expected: list[str]) -> None:
    assert sentences(paragraph) == expected


def test_a_list_keeps_the_sentence_that_introduces_it_and_what_is_nested_in_its_items() -> None:
    assert blocks(SECRETS) == [
        Block("prose", ("The Space needs a few secrets.",)),
        Block(
            "list",
            (
                "- `GEMINI_API_KEY`: from AI Studio.\n  It is free.",
                "- `QDRANT_URL`: the address.\n    - nested: with its port.",
            ),
            lead="Set these before the upload:",
        ),
        Block("prose", ("Then upload.",)),
    ]


def test_a_table_is_its_rows_under_its_head() -> None:
    (table,) = blocks("| Name | Default |\n|---|---|\n| `TOP_K` | 5 |\n| `PORT` | 7860 |\n")
    assert table.head == "| Name | Default |\n|---|---|"
    assert table.units == ("| `TOP_K` | 5 |", "| `PORT` | 7860 |")


def test_code_is_one_piece_and_a_hash_in_it_is_no_heading() -> None:
    run, code = blocks("Run this in a terminal.\n\n```bash\n# first. Then\nmake run\n```\n")
    assert run == Block("prose", ("Run this in a terminal.",))
    assert code == Block("code", ("```bash\n# first. Then\nmake run\n```",))


def test_steps_are_known_as_such() -> None:
    (steps,) = blocks("1. Ask.\n2. Wait.\n")
    assert steps == Block("list", ("1. Ask.", "2. Wait."), ordered=True)


def test_headings_are_not_quoted_but_known_below_them() -> None:
    (block,) = blocks("## Sensors\n\nThey measure.\n")
    assert block == Block("prose", ("They measure.",), heading="Sensors")


@pytest.mark.parametrize(
    "markup", ["![a picture](a.png)", "<Tabs>", ":::note", "import A from './a'", "---", "[a]: http://b"]
)
def test_markup_alone_is_not_quoted(markup: str) -> None:
    assert blocks(f"{markup}\n\nText here.\n") == [Block("prose", ("Text here.",))]


_line = st.sampled_from(
    ["Some text. More of it:", "- item one", "  - nested", "1. step", "| a | b |", "|---|---|", "| 1 | 2 |",
     "```", "# Title", "> quoted", "", "    indented", "* * *", "\tTabbed. Then",
     "<div>", "1) other", "Größe: ja. Und?"]
)  # fmt: skip


@given(st.lists(_line | st.text(max_size=20), max_size=12))
def test_everything_quotable_stands_in_the_passage_word_for_word(lines: list[str]) -> None:
    content = "\n".join(lines)
    for block in blocks(content):
        assert block.units
        for text in (*block.units, block.lead, block.head):
            assert text in content


@pytest.mark.parametrize("piece", [".", "!", '."', ". A", "`a", "*a ", ". ", "“", "。"])
def test_a_paragraph_of_nothing_but_marks_is_read_once(piece: str):
    """In time that grows with its square, this would take hours."""
    assert "".join("".join(sentences(piece * 100_000)).split()) == "".join((piece * 100_000).split())


def test_code_marks_of_all_lengths_are_paired_in_one_go():
    marks = "".join("`" * length + "end" for length in range(1, 1500))
    assert sentences(f"{marks}. Then.") == [f"{marks}.", "Then."]


def test_a_code_span_is_closed_by_a_mark_of_its_own_length_only():
    assert sentences("Say ``a` b. C`` now. Then ` is alone. It ends.") == [
        "Say ``a` b. C`` now.",
        "Then ` is alone.",
        "It ends.",
    ]
