import random

import pytest

from ragspace.chat.citations import CitationFilter


def filtered(text: str, count: int, size: int = 1000) -> tuple[str, list[int]]:
    passing = CitationFilter(count)
    pieces = [passing.feed(text[i : i + size]) for i in range(0, len(text), size)]
    return "".join(pieces) + passing.flush(), passing.cited


@pytest.mark.parametrize(
    ("text", "count", "shown", "cited"),
    [
        ("True [1]. Also [2].", 2, "True [1]. Also [2].", [1, 2]),
        ("Invented [3].", 2, "Invented.", []),
        ("Half [1, 7] true.", 2, "Half [1] true.", [1]),
        ("Both [2][1].", 2, "Both [2][1].", [2, 1]),
        ("[Source 1] says, [source 9] does not.", 2, "[Source 1] says, does not.", [1]),
        ("[Sources 1, 2]", 2, "[Sources 1, 2]", [1, 2]),
        ("A [link](https://example.com) stays.", 1, "A [link](https://example.com) stays.", []),
        ("An array `a[5]` stays.", 1, "An array `a[5]` stays.", []),
        ("```python\nx = a[7]\n```\nafter [7].", 1, "```python\nx = a[7]\n```\nafter.", []),
        ("A list [item] and [x", 1, "A list [item] and [x", []),
        ("Zero [0] is none.", 1, "Zero is none.", []),
        ("Nothing retrieved [1].", 0, "Nothing retrieved.", []),
        ("Again [1] and [1].", 1, "Again [1] and [1].", [1]),
    ],
)
def test_only_retrieved_sources_are_cited(text: str, count: int, shown: str, cited: list[int]):
    assert filtered(text, count) == (shown, cited)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_a_citation_split_over_deltas_is_found_all_the_same(size: int):
    text = "One [1] two [12] three [Source 2], `x[9]` and [4].\n```\n[9]\n```\nEnd [ 3 ] [1,9]."
    assert filtered(text, 3, size) == filtered(text, 3)


def test_any_split_of_any_text_shows_the_same():
    dice = random.Random(7)
    alphabet = ["[", "]", "1", "9", " ", ",", "`", "```", "\n", "a", "source ", "("]
    for _ in range(2000):
        text = "".join(dice.choice(alphabet) for _ in range(dice.randint(1, 25)))
        whole = filtered(text, 3)
        assert filtered(text, 3, dice.randint(1, 4)) == whole, text


def test_text_that_can_be_no_citation_is_not_held_back():
    passing = CitationFilter(3)
    assert passing.feed("Sensors measure") == "Sensors measure"
    assert passing.feed(" distance [") == " distance"
    assert passing.feed("1] well") == " [1] well"


def test_a_long_run_of_backticks_is_looked_at_once():
    # Tried from each of its marks, it takes minutes.
    text = "`" * 100_000 + "x"
    assert filtered(text, 1, len(text))[0] == text
