import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragspace.documents.formats.markdown import read_markdown
from ragspace.documents.passage import Passage
from ragspace.documents.splitting import split
from tests.unit.documents.counting import count_words

LIMIT = 40


def passages(
    markdown: str, *, max_tokens: int = LIMIT, count: Callable[[str], int] = count_words
) -> list[Passage]:
    return [
        passage
        for section in read_markdown(markdown).sections
        for passage in split(
            section, file="docs/a.md", page="docs/a", count_tokens=count, max_tokens=max_tokens
        )
    ]


def words(number: int, word: str = "word") -> str:
    return " ".join(f"{word}{i}" for i in range(number))


def test_small_neighbouring_blocks_share_a_passage() -> None:
    text = "\n\n".join(words(15, letter) for letter in "abcd")
    assert [passage.content for passage in passages(text)] == [
        f"{words(15, 'a')}\n\n{words(15, 'b')}",
        f"{words(15, 'c')}\n\n{words(15, 'd')}",
    ]


def test_sections_never_share_a_passage_and_number_their_parts() -> None:
    text = f"# A\n\n{words(30, 'a')}\n\n{words(30, 'b')}\n\n# C\n\nc\n"
    assert [(p.heading, p.part, p.parts) for p in passages(text)] == [("A", 1, 2), ("A", 2, 2), ("C", 1, 1)]


def test_a_heading_without_text_makes_no_passage() -> None:
    assert [p.heading for p in passages("# A\n\n## B\n\n---\n\n### C\n\nc\n")] == ["A > B > C"]


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    sentences = [f"Sentence {i} has exactly seven words now." for i in range(20)]
    found = passages(" ".join(sentences))
    assert " ".join(p.content for p in found) == " ".join(sentences)
    assert all(p.content.endswith("now.") and p.token_count <= LIMIT for p in found)


def test_a_long_sentence_is_cut_between_words_into_parts_about_as_long() -> None:
    found = passages(words(90))
    assert " ".join(p.content for p in found) == words(90)
    assert min(p.token_count for p in found) > LIMIT // 2


def test_a_word_without_end_is_cut_too() -> None:
    found = passages("x" * 1000, count=len)
    assert "".join(p.content for p in found) == "x" * 1000
    assert all(p.token_count <= LIMIT for p in found)


def test_code_longer_than_a_passage_stays_whole() -> None:
    fence = "```py\n" + "\n".join(f"line{i} = {i}" for i in range(100)) + "\n```"
    found = passages(f"Before.\n\n{fence}\n\nAfter.")
    assert [p.content for p in found] == ["Before.", fence, "After."]
    assert LIMIT < found[1].token_count <= 512


def test_code_too_long_for_the_model_is_cut_at_line_ends_into_valid_fences() -> None:
    lines = [f"line{i} = {i}" for i in range(400)]
    fence = '~~~py title="x"\n' + "\n".join(lines) + "\n~~~"
    found = passages(f"1. Run:\n\n{re.sub('(?m)^', '   ', fence)}\n")
    code = [p.content for p in found if "line" in p.content]
    assert all(part.startswith('~~~py title="x"\n') and part.endswith("\n~~~") for part in code)
    assert [line for part in code for line in part.split("\n")[1:-1]] == lines
    assert all(p.token_count <= LIMIT for p in found)


def test_a_table_too_long_for_the_model_is_cut_between_rows_and_repeats_its_header() -> None:
    head = "| a | b |\n|---|---|\n"
    rows = [f"| row{i} | x |" for i in range(200)]
    found = passages(head + "\n".join(rows))
    assert all(p.content.startswith(head) for p in found)
    assert [row for p in found for row in p.content.removeprefix(head).split("\n")] == rows


def test_the_heading_path_counts_for_what_the_model_reads() -> None:
    heading = words(25)
    fence = "```\n" + "\n".join(f"line{i} = {i}" for i in range(165)) + "\n```"
    assert LIMIT < count_words(fence) <= 512 < count_words(fence) + 25
    assert all(count_words(p.text_to_embed) <= 512 for p in passages(f"# {heading}\n\n{fence}\n"))


def test_a_long_list_is_cut_between_items() -> None:
    items = [f"- item{i} has four words" for i in range(30)]
    found = passages("\n".join(items))
    assert [line for p in found for line in p.content.split("\n")] == items
    assert all(p.token_count <= LIMIT for p in found)


def test_what_continues_a_list_is_not_indented_into_code() -> None:
    code = "        ```\n        x\n          y\n        ```\n"
    text = f"1. {words(30, 'a')}\n\n    - {words(30, 'b')}\n\n{code}"
    assert [p.content for p in passages(text)] == [
        f"1. {words(30, 'a')}",
        f"- {words(30, 'b')}\n\n    ```\n    x\n      y\n    ```",
    ]


def test_a_limit_above_the_models_is_lowered() -> None:
    assert max(p.token_count for p in passages(words(2000), max_tokens=4000)) <= 512


def test_counting_is_linear_and_never_of_a_huge_text() -> None:
    counted: list[int] = []

    def count(text: str) -> int:
        counted.append(len(text))
        return count_words(text)

    text = words(50_000) + "\n\n```\n" + "line = 1\n" * 20_000 + "```\n"
    passages(text, max_tokens=220, count=count)
    assert sum(counted) < 3 * len(text)
    assert max(counted) < 50_000


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 120), min_size=1, max_size=12), st.integers(5, 60))
def test_no_word_is_lost_or_doubled_and_no_passage_too_long(lengths: list[int], limit: int) -> None:
    text = "\n\n".join(words(length, f"p{i}x") for i, length in enumerate(lengths))
    found = passages(text, max_tokens=limit)
    assert " ".join(p.content for p in found).split() == text.split()
    assert all(p.token_count == count_words(p.content) <= limit for p in found)


@pytest.mark.parametrize("overhead", [2, 10])
def test_a_tokenizer_that_adds_special_tokens_is_respected(overhead: int) -> None:
    found = passages("\n\n".join(words(12, c) for c in "abcdef"), count=lambda t: count_words(t) + overhead)
    assert all(p.token_count <= LIMIT for p in found)
