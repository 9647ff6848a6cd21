"""What a browser is told about every response that does not say it itself."""

from collections.abc import Iterable

RawHeader = tuple[bytes, bytes]

_EVERYWHERE: tuple[RawHeader, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    # Data, not a page: were it opened as one, it could load, run and frame nothing.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_API: tuple[RawHeader, ...] = (
    *_EVERYWHERE,
    # Other sites read answers as CORS allows them to, and never as a script or an image.
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


def missing_headers(given: Iterable[RawHeader], path: str) -> list[RawHeader]:
    """Those that are not among the `given` ones (names in lower case) of a response at `path`."""
    names = {name for name, _ in given}
    return [header for header in (_API if path.startswith("/api") else _EVERYWHERE) if header[0] not in names]
