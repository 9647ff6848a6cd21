import pytest

from ragspace.origins import normalized_origin, origin_regex


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        ("https://my-app.vercel.app", "https://my-app.vercel.app"),
        ("https://My-App.vercel.app/", "https://my-app.vercel.app"),
        ("https://my-app.vercel.app:443", "https://my-app.vercel.app"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:7860", "http://[::1]:7860"),
        ("https://my-app-*-myteam.vercel.app", "https://my-app-*-myteam.vercel.app"),
    ],
)
def test_an_origin_is_written_as_a_browser_sends_it(written: str, normalized: str):
    assert normalized_origin(written) == normalized


@pytest.mark.parametrize(
    "written",
    ["my-app.vercel.app", "https://", "https://my-app.vercel.app/chat", "*", "https://*", "https://a.b:x",
     "ftp://files.example", "https://user@example.com", "https://exa mple.com", "https://example.com?x=1"],
)  # fmt: skip
def test_what_is_no_origin_is_refused(written: str):
    assert normalized_origin(written) is None


def test_a_star_stays_inside_its_label():
    allowed = origin_regex(["https://my-app-*-myteam.vercel.app"])
    assert allowed.fullmatch("https://my-app-git-main-myteam.vercel.app")
    assert not allowed.fullmatch("https://my-app-evil.com.my-app-x-myteam.vercel.app")
    assert not allowed.fullmatch("https://my-app-a.b-myteam.vercel.app")
    assert not allowed.fullmatch("https://my-app--myteam.vercel.app")


def test_scheme_and_port_are_compared():
    allowed = origin_regex(["https://my-app.vercel.app"])
    assert not allowed.fullmatch("http://my-app.vercel.app")
    assert not allowed.fullmatch("https://my-app.vercel.app:8443")
    assert not allowed.fullmatch("https://my-appxvercel.app")


def test_no_origins_allow_nothing():
    assert not origin_regex([]).fullmatch("")
