"""The way to the deployment: certificate, HTTPS alone, and what the edge in front adds."""

import asyncio
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

import aiohttp

from ragspace.space.checks import Check
from ragspace.space.verification.site import Address, Reply

CERTIFICATE = "certificate"
PLAIN = "https only"
EDGE = "edge"

CONNECT_SECONDS = 15.0
EXPIRES_SOON_DAYS = 14

ON_LOOPBACK = "A loopback address needs no TLS."


async def check_certificate(address: Address) -> Check:
    """Whether a client that checks certificates gets through. One that cannot be reached is a warning here:
    the reason is another check's."""
    if not address.secure:
        if address.loopback:
            return Check(CERTIFICATE, "skipped", ON_LOOPBACK)
        return Check(
            CERTIFICATE,
            "failed",
            "This address is plain HTTP: whoever is on the way reads and changes everything.",
            "Give the https:// address.",
        )
    port = urlsplit(address.url).port or 443
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(
                address.host, port, ssl=ssl.create_default_context(), server_hostname=address.host
            )
    except ssl.SSLCertVerificationError as error:
        return Check(
            CERTIFICATE,
            "failed",
            f"The certificate cannot be trusted: {error.verify_message}.",
            "Serve a certificate of a public authority for this very host name.",
        )
    except ssl.SSLError:
        return Check(
            CERTIFICATE, "failed", "No TLS connection comes about.", "See that TLS is spoken on this port."
        )
    except (TimeoutError, OSError):
        return Check(CERTIFICATE, "warning", "It could not be looked at: there is no connection.", None)
    certificate, version = writer.get_extra_info("peercert"), writer.get_extra_info("ssl_object").version()
    writer.close()
    return lasting(certificate["notAfter"], version)


def lasting(not_after: str, version: str, now: datetime | None = None) -> Check:
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(not_after), UTC)
    left = (until - (now or datetime.now(UTC))).days
    told = f"valid until {until:%Y-%m-%d}, {version}."
    if left < EXPIRES_SOON_DAYS:
        return Check(CERTIFICATE, "warning", told, f"It ends in {left} days: see that it is renewed.")
    return Check(CERTIFICATE, "ok", told)


async def check_plain_http(address: Address, plain_url: str | None = None) -> Check:
    """Whether plain HTTP leads to HTTPS. `plain_url` is where it would be served (default: port 80)."""
    if not address.secure:
        return Check(
            PLAIN, "skipped", ON_LOOPBACK if address.loopback else "The address is plain HTTP itself."
        )
    if plain_url is None:
        if urlsplit(address.url).port not in (None, 443):
            return Check(PLAIN, "skipped", "Only the default port has a counterpart in plain HTTP.")
        plain_url = f"http://{address.url.removeprefix('https://')}"
    timeout = aiohttp.ClientTimeout(total=CONNECT_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(f"{plain_url}/api/health/live", allow_redirects=False) as response,
        ):
            status, target = response.status, response.headers.get("Location", "")
    except (TimeoutError, aiohttp.ClientError, OSError):
        return Check(PLAIN, "ok", "Nothing answers over plain HTTP.")
    if 300 <= status < 400 and target.startswith("https://"):
        return Check(PLAIN, "ok", f"Plain HTTP leads to HTTPS (HTTP {status}).")
    served = f"Plain HTTP is answered with HTTP {status}"
    if status >= 400:
        return Check(PLAIN, "ok", f"{served}, and nothing is served over it.")
    if address.on_spaces:
        return Check(PLAIN, "warning", f"{served} by the platform.", "Link to the https:// address only.")
    return Check(PLAIN, "failed", f"{served}.", "Let the proxy in front redirect plain HTTP to HTTPS.")


def check_edge(address: Address, page: Reply) -> Check:
    """What a platform or proxy in front is to add."""
    if address.loopback:
        return Check(EDGE, "skipped", "In front of a loopback address there is no edge.")
    if address.on_spaces:
        names = sorted(name.lower() for name in page.headers if name.lower().startswith("x-proxied-"))
        return (
            Check(EDGE, "ok", f"It answers through the Spaces edge ({', '.join(names)}).")
            if names
            else Check(EDGE, "warning", "The edge says nothing of itself (no x-proxied-* header).", None)
        )
    if address.secure and "Strict-Transport-Security" not in page.headers:
        return Check(
            EDGE,
            "warning",
            "Strict-Transport-Security is not sent.",
            "Let the proxy in front send it, so that browsers never try plain HTTP.",
        )
    return Check(
        EDGE,
        "ok" if address.secure else "skipped",
        "Strict-Transport-Security is sent." if address.secure else "The address is plain HTTP.",
    )
