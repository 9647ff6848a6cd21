"""Addresses of deployments, and what follows from them."""

import pytest

from ragspace.errors import RagspaceError
from ragspace.space.verification.site import Address


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://me-demo.hf.space", "https://me-demo.hf.space"),
        (" https://me-demo.hf.space/?__theme=dark ", "https://me-demo.hf.space"),
        ("http://127.0.0.1:7860/", "http://127.0.0.1:7860"),
        ("https://example.org/chat/", "https://example.org/chat"),
    ],
)
def test_an_address_is_taken_as_people_copy_it(given: str, url: str):
    assert Address.of(given).url == url


@pytest.mark.parametrize(
    ("url", "loopback", "on_spaces", "secure"),
    [
        ("https://me-demo.hf.space", False, True, True),
        ("http://127.0.0.1:7860", True, False, False),
        ("http://localhost:7860", True, False, False),
        ("http://[::1]:7860", True, False, False),
        ("https://hf.space.evil.example", False, False, True),
        ("http://192.168.0.2", False, False, False),
    ],
)
def test_what_stands_in_front_is_known_by_the_host(url: str, loopback: bool, on_spaces: bool, secure: bool):
    address = Address.of(url)
    assert (address.loopback, address.on_spaces, address.secure) == (loopback, on_spaces, secure)


@pytest.mark.parametrize(
    "given", ["", "me/demo", "https://", "http://x:99999", "https://me:marked@x.example"]
)
def test_what_is_no_address_is_refused_without_repeating_it(given: str):
    with pytest.raises(RagspaceError) as refused:
        Address.of(given)
    assert "marked" not in refused.value.message
