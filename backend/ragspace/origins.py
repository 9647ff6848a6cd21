"""Origins of pages that may use the chat: patterns, checked once, compiled into one regular expression."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


def normalized_origin(origin: str) -> str | None:
    """Scheme, host and port as a browser writes them (default port left out); None where it is no origin.

    A `*` may stand inside a label of the host: `https://my-app-*-myteam.vercel.app`. Vercel gives every
    push a preview host of its own, so that a list of exact origins breaks on each of them.
    """
    try:
        parts = urlsplit(origin.strip())
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in DEFAULT_PORTS or parts.path not in ("", "/"):
        return None
    if parts.query or parts.fragment or parts.username is not None or not _is_host(host):
        return None
    shown_host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown_host}" + (
        "" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}"
    )


def exact_origin(origin: str) -> str | None:
    """The origin of one page, as a browser writes it; None for a pattern, and for what is no origin."""
    normalized = normalized_origin(origin)
    return None if normalized is None or "*" in normalized else normalized


def _is_host(host: str) -> bool:
    if ":" in host:
        return re.fullmatch(r"[0-9a-f:.]+", host) is not None
    labels = host.split(".")
    return all(re.fullmatch(r"[a-z0-9_*](?:[a-z0-9_*-]*[a-z0-9_*])?", label) for label in labels) and not all(
        label == "*" for label in labels
    )


def origin_regex(origins: Iterable[str]) -> re.Pattern[str]:
    """One expression, for full matches, of all normalized origins; each `*` stays inside its label."""
    alternatives = [re.escape(origin).replace(r"\*", "[a-z0-9_-]+") for origin in origins]
    return re.compile("|".join(alternatives) if alternatives else r"(?!)")
