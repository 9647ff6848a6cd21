"""Who a client is, for all that is counted per client."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.types import Scope

IPV6_PREFIX_BYTES = 8
"""A single customer has at least a /64 of IPv6 addresses (RFC 6177), each of which would be a new client."""


def client_of(scope: Scope, hops: int) -> str:
    """The client's address, or its network where that is IPv6.

    It is the `hops`-th entry of X-Forwarded-For from the right, which the nearest trusted proxy appended; the
    entries left of it are the client's own words. With no proxy it is the peer's address.
    """
    peer: str = scope["client"][0] if scope.get("client") else "unknown"
    if hops == 0:
        return _network(peer)
    lines = Headers(scope=scope).getlist("x-forwarded-for")
    forwarded = [entry.strip() for line in lines for entry in line.split(",")]
    return _network(forwarded[-hops] if len(forwarded) >= hops else peer)


@lru_cache
def _network(entry: str) -> str:
    """`entry` may have a port. What is no address was written by no proxy: all such count as one client."""
    try:
        address = ip_address(_host(entry))
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(address.packed[:IPV6_PREFIX_BYTES] + bytes(16 - IPV6_PREFIX_BYTES)))


def _host(entry: str) -> str:
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    host, colon, _ = entry.partition(":")
    return host if colon and entry.count(":") == 1 else entry
