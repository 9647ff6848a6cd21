"""Texts that PostgreSQL and SQLite both take."""

import json

from hypothesis import given
from hypothesis import strategies as st

from ragspace.conversations.storable import storable_json, storable_text

any_text = st.text(st.characters())
"""Lone surrogates and NUL included."""

any_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(2**53), 2**53) | any_text,
    lambda inner: st.lists(inner) | st.dictionaries(any_text, inner),
    max_leaves=10,
)


@given(any_text)
def test_any_text_becomes_text_without_nul_that_can_be_encoded(text: str) -> None:
    assert b"\0" not in storable_text(text).encode()


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert storable_text(text) == text


def test_nul_goes_and_half_a_surrogate_pair_is_marked() -> None:
    assert storable_text("a\0b\ud83dc") == "ab\ufffdc"


@given(any_json)
def test_any_json_becomes_json_without_nul_or_surrogates(value: object) -> None:
    written = storable_json(value)

    json.loads(written.encode())
    assert "\\u0000" not in written.replace("\\\\", "")


def test_whole_surrogate_pairs_and_structure_are_kept() -> None:
    value = {"😀\0": [1, 2.5, None, True, {"nested": "\udc00"}]}

    assert json.loads(storable_json(value)) == {"😀": [1, 2.5, None, True, {"nested": "\ufffd"}]}
