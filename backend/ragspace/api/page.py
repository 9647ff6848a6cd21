"""The chat page, served from memory: the platform waits for `/` before it calls a Space started."""

from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import Response

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors *",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cache-Control": "no-cache",
}


def page_router() -> APIRouter:
    """One route per file of the page; `index.html` is `/`."""
    router = APIRouter(include_in_schema=False)
    for entry in (files("ragspace") / "page").iterdir():
        suffix = entry.name[entry.name.rfind(".") :]
        if suffix in MEDIA_TYPES:
            path = "/" if entry.name == "index.html" else f"/{entry.name}"
            response = Response(entry.read_bytes(), headers=SECURITY_HEADERS, media_type=MEDIA_TYPES[suffix])
            router.add_api_route(path, _serve(response))
    return router


def _serve(response: Response) -> Callable[[], Awaitable[Response]]:
    async def serve() -> Response:
        return response

    return serve
