from collections.abc import Sequence
from dataclasses import replace

from ragspace.documents.formats.markdown import read_markdown
from ragspace.documents.passage import Passage
from ragspace.documents.splitting import split
from ragspace.retrieval.joining import MOST_TOKENS, by_section, join, neighbours
from tests.support.passages import passage
from tests.unit.documents.counting import count_words

FIVE = "# Guide\n\n" + "\n\n".join(f"Paragraph {number} has five words." for number in range(1, 6)) + "\n"


def section(markdown: str = FIVE, *, max_tokens: int = 6) -> list[Passage]:
    [*sections] = read_markdown(markdown).sections
    return [
        part
        for each in sections
        for part in split(
            each, file="docs/a.md", page="docs/a", count_tokens=count_words, max_tokens=max_tokens
        )
    ]


def contents(ranked: Sequence[Passage], known: Sequence[Passage], limit: int = 5) -> list[str]:
    return [each.passage.content for each in join(ranked, by_section((*known, *ranked)), limit)]


def test_each_passage_of_a_section_knows_the_ids_of_the_others() -> None:
    parts = section()

    assert [parts[2].sibling_id(part) for part in range(1, 6)] == [each.id for each in parts]
    assert (parts[0].sibling_id(0), parts[0].sibling_id(6)) == (None, None)


def test_a_section_of_one_passage_has_no_siblings() -> None:
    [alone] = section("# Guide\n\nShort.\n")

    assert alone.sibling_id(1) is None
    assert neighbours([alone], {}) == []


def test_where_a_section_changed_none_of_its_passages_keeps_its_id() -> None:
    before = {each.id for each in section()}
    after = {each.id for each in section(FIVE.replace("Paragraph 5 has", "Paragraph 5 had"))}

    assert before.isdisjoint(after)


def test_only_neighbours_that_are_not_known_are_asked_for() -> None:
    parts = section()

    assert set(neighbours([parts[2]], by_section(parts[1:2]))) == {parts[0].id, parts[3].id, parts[4].id}


def test_a_list_is_joined_with_the_sentence_that_introduces_it() -> None:
    items = "- GEMINI_API_KEY for answers\n- DATABASE_URL for talk"
    text = f"# Secrets\n\nThe Space needs these secrets:\n\n{items}\n"
    introduction, *found = section(text, max_tokens=8)

    [joined] = join(found[:1], by_section([introduction, *found]), 1)

    assert joined.passage.content.startswith("The Space needs these secrets:\n\n- GEMINI_API_KEY")
    assert joined.passage.anchor == "secrets"
    assert joined.place == 0


def test_every_part_stands_in_the_joined_passage_word_for_word_and_in_order() -> None:
    parts = section()

    assert contents([parts[3]], parts) == ["\n\n".join(each.content for each in parts[1:])]


def test_a_passage_that_stands_in_a_better_one_is_not_told_again() -> None:
    parts = section()
    other = passage("Elsewhere.", heading="Other")

    assert contents([parts[0], parts[1], other], parts) == [
        "\n\n".join(each.content for each in parts[:3]),
        "Elsewhere.",
    ]


def test_two_joined_passages_of_a_section_share_nothing() -> None:
    parts = section()

    first, second = contents([parts[0], parts[4]], parts)

    assert first == "\n\n".join(each.content for each in parts[:3])
    assert second == "\n\n".join(each.content for each in parts[3:])


def test_what_is_joined_stays_within_its_tokens() -> None:
    large = [replace(each, token_count=MOST_TOKENS // 2) for each in section()]

    [joined] = join([large[2]], by_section(large), 1)

    assert joined.passage.content == "\n\n".join(each.content for each in large[2:4])
    assert joined.passage.token_count <= MOST_TOKENS


def test_a_gap_is_not_bridged() -> None:
    parts = section()

    assert contents([parts[0]], [parts[2]]) == [parts[0].content]


def test_passages_of_an_earlier_version_stay_alone() -> None:
    parts = [replace(each, section="") for each in section()]

    assert neighbours(parts[:1], {}) == []
    assert contents(parts[:1], parts) == [parts[0].content]
