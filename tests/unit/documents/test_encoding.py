import pytest

from ragspace.documents.encoding import decode
from ragspace.documents.sections import Unreadable


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding_and_is_no_text(encoding: str) -> None:
    assert decode("Grüße 🤖".encode(encoding)) == "Grüße 🤖"


def test_latin_1_and_windows_1252_are_the_last_resort() -> None:
    assert decode("caf\xe9 \x93quoted\x94".encode("latin-1")) == "café “quoted”"


def test_the_declared_encoding_comes_before_the_last_resort() -> None:
    assert decode("привет".encode("koi8-r"), declared="koi8-r") == "привет"


@pytest.mark.parametrize("declared", ["nonsense", "hex", "idna"])
def test_a_declared_encoding_that_cannot_be_used_is_passed_over(declared: str) -> None:
    assert decode(b"caf\xe9", declared=declared) == "café"


def test_line_ends_become_newlines() -> None:
    assert decode(b"a\r\nb\rc\n") == "a\nb\nc\n"


def test_null_characters_are_left_out() -> None:
    assert decode(b"a\x00b") == "ab"


@pytest.mark.parametrize(
    "data", [b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", b"\xff\xfea", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"]
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(data)
