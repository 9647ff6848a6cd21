"""Which pages may use the chat, as a browser would find out, and as the server itself decides.

The edge of Spaces answers preflights itself and lets every origin pass. So a preflight that lets a foreign
origin pass proves nothing there; what counts is that the server refuses the request.
"""

from collections.abc import AsyncGenerator

from ragspace.space.checks import Check
from ragspace.space.verification.page import OLD_BACKEND
from ragspace.space.verification.site import Reply, Site

FOREIGN = "https://foreign-page.invalid"
"""`.invalid` belongs to nobody (RFC 2606)."""

ALLOWED = "allowed origin"
CHAT = "/api/chat"
NOT_GIVEN = "Give --origin https://my-app.vercel.app to look at it."


async def check_origins(site: Site, origin: str | None, knows_more: bool) -> AsyncGenerator[Check, None]:
    """An empty question is sent: the server judges the origin first, and no answer is begun."""
    if origin is None:
        yield Check("preflight", "skipped", NOT_GIVEN)
        yield Check(ALLOWED, "skipped", NOT_GIVEN)
    else:
        yield _preflight(origin, await _ask_before(site, origin))
        yield _allowed(origin, await site.request("POST", CHAT, json={}, headers={"Origin": origin}))
    refused = [
        await site.request("POST", CHAT, json={}, headers={"Origin": foreign})
        for foreign in (FOREIGN, "null")
    ]
    yield _foreign(refused, knows_more)
    yield _foreign_preflight(site, await _ask_before(site, FOREIGN))


async def _ask_before(site: Site, origin: str) -> Reply:
    return await site.request(
        "OPTIONS",
        CHAT,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,last-event-id",
        },
    )


def _admits(reply: Reply, origin: str) -> bool:
    return reply.headers.get("Access-Control-Allow-Origin") in (origin, "*")


def _listed(reply: Reply, header: str) -> set[str]:
    return {item.strip().lower() for item in reply.headers.get(header, "").split(",")} - {""}


def _preflight(origin: str, reply: Reply) -> Check:
    name, add = "preflight", f"Add {origin} to ALLOWED_ORIGINS and restart."
    if not _admits(reply, origin):
        return Check(name, "failed", f"The preflight does not allow {origin} (HTTP {reply.status}).", add)
    if not 200 <= reply.status < 300:
        return Check(name, "failed", f"The preflight answers HTTP {reply.status}: browsers give up.", add)
    headers = _listed(reply, "Access-Control-Allow-Headers")
    if "*" not in headers and "content-type" not in headers:
        return Check(
            name,
            "failed",
            "The preflight does not allow the header Content-Type.",
            "Look for a proxy that answers preflights itself.",
        )
    return Check(name, "ok", f"{origin} may ask.")


def _allowed(origin: str, reply: Reply) -> Check:
    name = ALLOWED
    if reply.status == 403:
        return Check(
            name,
            "failed",
            f"The server refuses {origin} (HTTP 403, {reply.error.get('code', 'no code')}).",
            f"Add {origin} to ALLOWED_ORIGINS, as scheme, host and port, and restart.",
        )
    if not _admits(reply, origin):
        return Check(
            name,
            "failed",
            f"The response does not name {origin}: the browser keeps it from the page.",
            f"Add {origin} to ALLOWED_ORIGINS; if it is there, look for a proxy that drops CORS headers.",
        )
    return Check(name, "ok", f"A request of {origin} is answered, and its page may read it.")


def _foreign(replies: list[Reply], knows_more: bool) -> Check:
    name = "foreign origin"
    if all(reply.status == 403 for reply in replies):
        return Check(name, "ok", "The server itself refuses requests of foreign pages (HTTP 403).")
    readable = any(_admits(reply, origin) for reply, origin in zip(replies, (FOREIGN, "null"), strict=True))
    if knows_more:
        return Check(
            name,
            "failed",
            "A foreign page's request is not refused: any site can spend your quota.",
            "See ALLOWED_ORIGINS, and look for a proxy that drops the Origin header.",
        )
    if readable:
        return Check(
            name,
            "warning",
            "This backend lets every page ask, and read the answers.",
            "Limit its CORS setting to your front end.",
        )
    return Check(name, "skipped", f"{OLD_BACKEND} Foreign pages are kept out by CORS headers alone.")


def _foreign_preflight(site: Site, reply: Reply) -> Check:
    name = "foreign preflight"
    if not _admits(reply, FOREIGN):
        return Check(name, "ok", "The preflight of a foreign page is not answered with leave.")
    told = "A preflight lets every origin pass: something in front of the server answers it."
    if site.address.on_spaces:
        return Check(
            name, "ok", "The Spaces edge lets every preflight pass, as ever; what counts is the request."
        )
    return Check(name, "warning", told, "It is harmless as long as the server refuses foreign requests.")
