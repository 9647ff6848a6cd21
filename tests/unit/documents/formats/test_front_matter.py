import pytest

from ragspace.documents.formats.front_matter import FrontMatter, take_front_matter


def test_fields_are_taken_and_the_text_below_is_left() -> None:
    text = "---\ntitle: 'A: b'\nsidebar_label: B\nslug: /c\nid: d\ndraft: true\ntags: [x]\n---\n# Text\n"
    assert take_front_matter(text) == (FrontMatter("A: b", "B", "/c", "d", draft=True), "# Text\n")


@pytest.mark.parametrize(
    "text", ["---\n\nA text between\n\n---\n\nrules", "---\nno end: of it\n", "text\n---\na: b\n---\n"]
)
def test_rules_are_no_front_matter(text: str) -> None:
    assert take_front_matter(text) == (FrontMatter(), text)


@pytest.mark.parametrize(
    "broken", ["title: a: b", "title: [x", "title: 'x\ny", "date: 2024-13-45", "a: " + "[" * 5000, "a: *x"]
)
def test_broken_yaml_is_left_out_and_the_text_kept(broken: str) -> None:
    assert take_front_matter(f"---\n{broken}\n---\nText") == (FrontMatter(), "Text")


def test_empty_front_matter_is_none() -> None:
    assert take_front_matter("---\n---\nText") == (FrontMatter(), "Text")


@pytest.mark.parametrize(
    ("yaml", "title"),
    [
        ("2024", "2024"),
        ("2024-01-02", "2024-01-02"),
        ("true", ""),
        ("[a]", ""),
        ("null", ""),
    ],
)
def test_only_plain_values_are_titles(yaml: str, title: str) -> None:
    assert take_front_matter(f"---\ntitle: {yaml}\n---\n")[0].title == title
