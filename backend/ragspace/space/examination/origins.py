"""ALLOWED_ORIGINS: patterns that let strangers in, and lists that keep one's own front end out."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from ragspace.database_url import is_local
from ragspace.settings import Settings
from ragspace.space.checks import Check

NAME = "ALLOWED_ORIGINS"

SHARED = (
    "amplifyapp.com",
    "azurestaticapps.net",
    "cloudfront.net",
    "firebaseapp.com",
    "fly.dev",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "hf.space",
    "netlify.app",
    "onrender.com",
    "pages.dev",
    "railway.app",
    "surge.sh",
    "vercel.app",
    "web.app",
    "workers.dev",
)
"""Domains under which anybody may take a name."""


def check_origins(settings: Settings) -> Iterator[Check]:
    origins = settings.allowed_origins
    doubtful = [check for origin in origins for check in _doubts(origin)]
    yield from doubtful
    if settings.mode == "production" and all(is_local(_host(origin)) for origin in origins):
        given = "allowed_origins" in settings.model_fields_set
        yield Check(
            NAME,
            "warning",
            "Only pages on your own machine may use the chat" + ("." if given else ", as it is not set."),
            "Set ALLOWED_ORIGINS to the address of your front end, such as https://my-app.vercel.app",
        )
    elif not doubtful:
        yield Check(NAME, "ok", f"Well-formed: {', '.join(origins)}.")


def _doubts(origin: str) -> Iterator[Check]:
    parts, host = urlsplit(origin), _host(origin)
    if "*" in host and fits_strangers(host):
        yield Check(
            NAME,
            "warning",
            f"{origin} also fits pages of strangers, who may take such a name.",
            "Keep a beginning and an end of your own around the *, such as "
            "https://my-app-*-myteam.vercel.app: at Vercel your team's name is that end.",
        )
    if parts.scheme == "http" and not is_local(host):
        yield Check(
            NAME,
            "warning",
            f"{origin} is not the origin of the same page at https.",
            f"Write https://{parts.netloc}, unless the page really is served without encryption.",
        )


def fits_strangers(pattern: str) -> bool:
    """Whether anybody may register a host that `pattern` fits.

    The label that is registered is the one before the shared domain, else the last but one. It is one's own
    only where it begins and ends with what one has chosen, as Vercel's previews do: project, branch, team.
    """
    shared = next((domain for domain in SHARED if pattern.endswith(f".{domain}")), None)
    taken = 2 if shared is None else shared.count(".") + 2
    registered = pattern.split(".")[-taken:]
    if any("*" in label for label in registered[1:]):
        return True
    own = registered[0]
    if shared is None:
        return "*" in own
    return own.startswith("*") or own.endswith("*")


def _host(origin: str) -> str:
    # urlsplit takes the brackets off an IPv6 address, as is_local wants it.
    return urlsplit(origin).hostname or ""
