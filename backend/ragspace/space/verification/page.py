"""The page at `/`, and what every response carries."""

import re
from collections.abc import AsyncGenerator

from ragspace.space.checks import Check
from ragspace.space.verification.reach import LIVE
from ragspace.space.verification.site import Reply, Site
from ragspace.space.verification.transport import check_edge

OLD_BACKEND = "This backend knows only the frozen part of the API."

VERSION = re.compile(r"\d+\.\d+")
TELLING_HEADERS = ("Server", "X-Powered-By")
PROXY_FIX = "Look for a proxy that drops or changes response headers."


async def check_page(site: Site, knows_more: bool) -> AsyncGenerator[Check, None]:
    page = await site.request("GET", "/")
    if not knows_more:
        for name in ("page", "HEAD /", "security headers", "request id"):
            yield Check(name, "skipped", OLD_BACKEND)
    else:
        yield _page(page)
        yield await _head(site)
        yield _security_headers(page)
        yield await _request_id(site)
    yield _server_version(page, ours=knows_more and not site.address.on_spaces)
    yield check_edge(site.address, page)


def _page(page: Reply) -> Check:
    media_type = page.headers.get("Content-Type", "").partition(";")[0]
    if page.status == 200 and media_type == "text/html":
        return Check("page", "ok", f"The chat page comes in {page.seconds * 1000:.0f} ms.")
    return Check(
        "page",
        "failed",
        f"/ answers HTTP {page.status}, {media_type or 'without a media type'}.",
        "The platform waits for / to answer 200; look for a proxy that serves something else there.",
    )


async def _head(site: Site) -> Check:
    reply = await site.request("HEAD", "/")
    if reply.status == 200 and not reply.body:
        return Check("HEAD /", "ok", "HEAD is answered like GET.")
    return Check(
        "HEAD /",
        "failed",
        f"HEAD / answers HTTP {reply.status}: the platform may leave the Space in Starting for ever.",
        "Let HEAD through to the application, which answers it with 200.",
    )


def _security_headers(page: Reply) -> Check:
    missing = []
    if page.headers.get("X-Content-Type-Options", "").lower() != "nosniff":
        missing.append("X-Content-Type-Options: nosniff")
    if "default-src" not in page.headers.get("Content-Security-Policy", ""):
        missing.append("Content-Security-Policy")
    if missing:
        return Check(
            "security headers", "failed", f"The page comes without {' and '.join(missing)}.", PROXY_FIX
        )
    return Check("security headers", "ok", "Content-Security-Policy and X-Content-Type-Options are sent.")


async def _request_id(site: Site) -> Check:
    ids = {(await site.request("GET", LIVE)).headers.get("X-Request-ID") for _ in range(2)}
    if None not in ids and len(ids) == 2:
        return Check("request id", "ok", "Each response has an id of its own, by which the log is searched.")
    return Check("request id", "failed", "X-Request-ID is missing or the same twice.", PROXY_FIX)


def _server_version(page: Reply, *, ours: bool) -> Check:
    """`ours` is whether the developer can do something about it."""
    told = [f"{n}: {page.headers[n]}" for n in TELLING_HEADERS if VERSION.search(page.headers.get(n, ""))]
    if told:
        return Check(
            "server version",
            "failed" if ours else "warning",
            f"A header tells the server's version ({'; '.join(told)}).",
            "Switch it off where it is set: it saves an attacker the search.",
        )
    return Check("server version", "ok", "No header tells a server's version.")
