import pytest

from ragspace.documents.anchors import Slugger, slug


@pytest.mark.parametrize(
    ("text", "anchor"),
    [
        ("Getting Started", "getting-started"),
        ("A & B", "a--b"),
        ("What's new?", "whats-new"),
        ("snake_case and dash-ed", "snake_case-and-dash-ed"),
        ("v1.2.3 (beta)", "v123-beta"),
        ("Überblick über ñ", "überblick-über-ñ"),
        ("الروبوتات والذكاء", "الروبوتات-والذكاء"),
        ("हिन्दी में", "हिन्दी-में"),
        ("机器人 学", "机器人-学"),
        ("🤖 Robots 🤖", "-robots-"),
        ("½ of x²", "-of-x"),
        ("Ⅷ and Ⓐ", "ⅷ-and-ⓐ"),
        ("tab\tand\u00a0hard space", "tabandhard-space"),
        ("!?", ""),
    ],
)
def test_anchors_are_those_of_github_slugger(text: str, anchor: str) -> None:
    assert slug(text) == anchor


def test_headings_of_the_same_text_are_counted() -> None:
    slugger = Slugger()
    assert [slugger.slug("Setup") for _ in range(3)] == ["setup", "setup-1", "setup-2"]


def test_a_counted_anchor_never_meets_one_that_a_heading_bears_of_itself() -> None:
    slugger = Slugger()
    assert [slugger.slug(text) for text in ("Foo", "Foo 1", "Foo", "Foo 1")] == [
        "foo",
        "foo-1",
        "foo-2",
        "foo-1-1",
    ]
