"""The chat page and the widget, from memory: the platform waits for `/` before it calls a Space started."""

import asyncio
import gzip
import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from pathlib import PurePosixPath

from fastapi import APIRouter, Request
from starlette.responses import Response

from ragspace.built_page import ASSETS, INDEX, WIDGET, built_page

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
_COMPRESSED_ALREADY = frozenset({".png", ".ico", ".woff2"})

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}
"""Any site may frame it, as the Hub's own page of a Space does."""

WIDGET_HEADERS = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""A module script of another site is a CORS request; a site under COEP takes nothing without the second."""

NOT_BUILT = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>ragspace</title>
<h1>The chat page is not built</h1>
<p>This copy of ragspace runs without its front end. In the repository, <code>make setup</code> builds it, and
says what it lacks where it cannot; then start the service again.</p>
<p>The API works: it is described at <a href="docs">docs</a>, and <a href="api/health">api/health</a> tells
its state.</p>
</html>
"""

_GZIP = re.compile(
    r"(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?=,|$)", re.IGNORECASE
)


class PageFile:
    """One file, with the headers that go with it."""

    def __init__(self, path: str, content: bytes) -> None:
        suffix = PurePosixPath(path).suffix
        self._content = content
        self._compressible = suffix not in _COMPRESSED_ALREADY
        self._etag = f'W/"{hashlib.sha256(content).hexdigest()[:20]}"'
        self._headers = {
            "Content-Type": MEDIA_TYPES.get(suffix, "application/octet-stream"),
            "Cache-Control": _cache_control(path),
            "ETag": self._etag,
            "Vary": "Accept-Encoding",
            **(PAGE_HEADERS if path == INDEX else {}),
            **(WIDGET_HEADERS if path == WIDGET else {}),
        }

    async def response(self, asked: Mapping[str, str]) -> Response:
        """For a request with these headers: compressed where it may be, or 304 where the client has it."""
        if self._is_known(asked.get("if-none-match", "")):
            return Response(status_code=304, headers=_without_content_type(self._headers))
        if not (self._compressible and _GZIP.search(asked.get("accept-encoding", ""))):
            return Response(self._content, headers=self._headers)
        compressed = await asyncio.to_thread(lambda: self._compressed)
        return Response(compressed, headers={**self._headers, "Content-Encoding": "gzip"})

    @cached_property
    def _compressed(self) -> bytes:
        """Made at the first request and kept: it takes some milliseconds, and a start should not."""
        return gzip.compress(self._content, mtime=0)

    def _is_known(self, tags: str) -> bool:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return "*" in known or self._etag.removeprefix("W/") in known


def _cache_control(path: str) -> str:
    if path.startswith(ASSETS):
        return "public, max-age=31536000, immutable"
    return "public, max-age=300" if path == WIDGET else "no-cache"


def _without_content_type(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "Content-Type"}


def page_router(files: Mapping[str, bytes] | None = None) -> APIRouter:
    """One route per file of the built page, or of `files`; `index.html` is `/`. Without one, `/` says so."""
    files = built_page() if files is None else files
    router = APIRouter(include_in_schema=False)
    for path, content in (files or {INDEX: NOT_BUILT}).items():
        route = "/" if path == INDEX else f"/{path}"
        router.add_api_route(route, _serve(PageFile(path, content)))
    return router


def _serve(file: PageFile) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        return await file.response(request.headers)

    return serve
