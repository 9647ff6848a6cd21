"""The chat page and the widget, as browsers and other sites get them."""

import gzip
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from ragspace import configuration
from ragspace.api.page import page_router
from ragspace.app import create_app
from ragspace.built_page import built_page

SCRIPT = b"console.log('the page');\n" * 100
FILES = {
    "index.html": b"<!doctype html><title>page</title>",
    "assets/index-B1a2C3d4.js": SCRIPT,
    "favicon.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "logo.png": b"\x89PNG" + bytes(400),
    "widget.js": b"export {};" * 50,
}
ELSEWHERE = "https://any-site.example"


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(page_router(FILES))
    async with client_of(app) as client:
        yield client


async def test_every_file_is_served_under_its_path_and_the_index_as_the_root(
    client: httpx.AsyncClient,
) -> None:
    for path, content in FILES.items():
        response = await client.get("/" if path == "index.html" else f"/{path}")
        assert (response.status_code, response.content) == (200, content)
    assert (await client.get("/")).headers["content-type"] == "text/html; charset=utf-8"
    assert (await client.get("/widget.js")).headers["content-type"].startswith("text/javascript")


async def test_the_page_may_run_nothing_but_its_own_files(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "connect-src 'self'" in policy


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/assets/index-B1a2C3d4.js", "public, max-age=31536000, immutable"),
        ("/widget.js", "public, max-age=300"),
        ("/", "no-cache"),
        ("/favicon.svg", "no-cache"),
    ],
)
async def test_only_what_changes_its_name_with_its_content_is_kept_for_ever(
    client: httpx.AsyncClient, path: str, expected: str
) -> None:
    assert (await client.get(path)).headers["cache-control"] == expected


@pytest.mark.parametrize(
    "accepted", ["gzip", "br, gzip", "gzip;q=0.5", "*", "GZIP", "deflate, gzip;q=1.0, *;q=0.5"]
)
async def test_a_client_that_takes_gzip_gets_it(client: httpx.AsyncClient, accepted: str) -> None:
    asked = {"accept-encoding": accepted}
    async with client.stream("GET", "/assets/index-B1a2C3d4.js", headers=asked) as response:
        raw = b"".join([part async for part in response.aiter_raw()])
    assert response.headers["content-encoding"] == "gzip"
    assert int(response.headers["content-length"]) == len(raw) < len(SCRIPT)
    assert gzip.decompress(raw) == SCRIPT
    assert response.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accepted", ["identity", "br", "gzip;q=0", "gzip;q=0.0, br", "x-gzip-not", ""])
async def test_any_other_client_gets_the_file_as_it_is(client: httpx.AsyncClient, accepted: str) -> None:
    response = await client.get("/assets/index-B1a2C3d4.js", headers={"accept-encoding": accepted})
    assert "content-encoding" not in response.headers
    assert response.content == SCRIPT
    assert response.headers["vary"] == "Accept-Encoding"


async def test_what_is_compressed_already_is_not_compressed_again(client: httpx.AsyncClient) -> None:
    assert "content-encoding" not in (await client.get("/logo.png")).headers


async def test_a_file_that_the_client_has_already_is_not_sent_again(client: httpx.AsyncClient) -> None:
    for path in ("/", "/assets/index-B1a2C3d4.js", "/widget.js", "/favicon.svg"):
        tag = (await client.get(path)).headers["etag"]
        for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
            again = await client.get(path, headers={"if-none-match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
            assert "cache-control" in again.headers
        assert (await client.get(path, headers={"if-none-match": '"other"'})).status_code == 200


async def test_another_content_has_another_tag(client: httpx.AsyncClient) -> None:
    other = FastAPI()
    other.include_router(page_router({**FILES, "widget.js": b"export { changed };"}))
    async with client_of(other) as changed:
        assert (await changed.get("/widget.js")).headers["etag"] != (await client.get("/widget.js")).headers[
            "etag"
        ]


class TestInTheApplication:
    @pytest.fixture
    async def client(self, tmp_path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
        monkeypatch.setattr("ragspace.api.page.built_page", lambda: FILES)
        settings = configuration.load(
            {"RAGSPACE_DATA_DIR": str(tmp_path), "ALLOWED_ORIGINS": "https://mine.example"}
        )
        async with client_of(create_app(settings)) as client:
            yield client

    async def test_any_site_may_load_the_widget_and_nothing_else(self, client: httpx.AsyncClient) -> None:
        widget = await client.get("/widget.js", headers={"origin": ELSEWHERE})
        assert widget.headers["access-control-allow-origin"] == "*"
        assert widget.headers["cross-origin-resource-policy"] == "cross-origin"
        head = await client.head("/widget.js", headers={"origin": ELSEWHERE})
        assert (head.status_code, head.headers["access-control-allow-origin"]) == (200, "*")
        for path in ("/", "/favicon.svg"):
            assert (
                "access-control-allow-origin"
                not in (await client.get(path, headers={"origin": ELSEWHERE})).headers
            )

    async def test_head_is_answered_for_the_root(self, client: httpx.AsyncClient) -> None:
        assert (await client.head("/")).status_code == 200

    async def test_a_file_that_is_not_there_is_an_ordinary_error(self, client: httpx.AsyncClient) -> None:
        missing = await client.get("/assets/index-gone.js")
        assert missing.status_code == 404
        assert missing.json()["error"]["code"] == "not_found"


async def test_without_a_built_page_the_root_says_so_and_names_the_api() -> None:
    app = FastAPI()
    app.include_router(page_router({}))
    async with client_of(app) as client:
        page = await client.get("/")
        assert page.status_code == 200
        assert "make setup" in page.text
        assert set(re.findall(r'href="([^"]+)"', page.text)) == {"docs", "api/health"}
        assert (await client.get("/widget.js")).status_code == 404


class TestBuiltPage:
    def test_modules_for_bundlers_types_and_maps_are_not_the_pages(self, tmp_path) -> None:
        extra = {
            "index.js": b"",
            "react.js": b"",
            "types/index.d.ts": b"",
            "assets/index.js.map": b"",
            "a.map": b"",
        }
        for path, content in {**FILES, **extra}.items():
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_bytes(content)
        assert built_page(tmp_path) == FILES

    def test_a_build_that_was_cut_off_counts_as_none(self, tmp_path) -> None:
        (tmp_path / "index.html").write_text("")
        assert built_page(tmp_path) == {}

    def test_no_directory_is_no_page(self, tmp_path) -> None:
        assert built_page(tmp_path / "absent") == {}
