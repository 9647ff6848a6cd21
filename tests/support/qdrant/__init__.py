"""A shim of Qdrant's REST API over the embedded engine, for our client and for the official one."""

from tests.support.qdrant.shim import QdrantShim

__all__ = ["QdrantShim"]
