"""Qdrant's REST API, as far as the index needs it: collections, aliases, points, and what can go wrong."""

import ssl
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit, urlunsplit

from ragspace.errors import Reason, RetrievalUnavailable
from ragspace.retrieval.failures import REBUILD, collection_missing
from ragspace.retrieval.payload import FILE_FIELD
from ragspace.retrieval.qdrant_layout import Collection, creation
from ragspace.upstream import Upstream, UpstreamFailure

R = TypeVar("R")

DEFAULT_PORT = 6333
"""Where Qdrant serves REST; the official client too takes it where the URL names no port."""

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
WRITE_SECONDS = 60.0

_UNTRUSTED_ACTION = (
    "No encrypted connection to Qdrant could be made: check the host and https:// in QDRANT_URL, and the "
    "server's certificate."
)
_ACTIONS: dict[Reason, str] = {
    "unreachable": "Check that QDRANT_URL names the cluster and that it runs: Qdrant Cloud suspends a free "
    "one after a week without use. Where only port 443 is open, end QDRANT_URL with :443.",
    "timeout": "Qdrant did not answer in time. Check that the cluster behind QDRANT_URL is healthy; where "
    "only port 443 is open, end QDRANT_URL with :443.",
    "unauthorized": "Qdrant refused QDRANT_API_KEY: take a key of the cluster that QDRANT_URL names; to "
    "ingest, one that may write.",
    "quota_exceeded": "Qdrant limits the requests of this cluster: wait, or raise its limit.",
    "error": "Qdrant refused the request. Check that QDRANT_URL is its REST address (port 6333) and that "
    f"QDRANT_COLLECTION names the right collection, or run `{REBUILD}`.",
}


class QdrantApi:
    """Calls to one Qdrant server; `configured` is the collection that failures name.

    `connect_timeout` and `read_timeout` (seconds) bound each try to connect and each reading call. Every
    method raises RetrievalUnavailable.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None,
        configured: str,
        *,
        connect_timeout: float = CONNECT_SECONDS,
        read_timeout: float = READ_SECONDS,
    ) -> None:
        self._headers = {"api-key": api_key} if api_key else {}
        self._connect_timeout, self._read_timeout = connect_timeout, read_timeout
        self._upstream = self._at(url)
        self._configured = configured

    def _at(self, url: str, tls: ssl.SSLContext | None = None) -> Upstream:
        return Upstream(
            with_port(url),
            self._headers,
            connect_timeout=self._connect_timeout,
            timeout=self._read_timeout,
            tls=tls,
        )

    async def open(self) -> None:
        await self._upstream.open()

    async def move(self, url: str, tls: ssl.SSLContext | None = None) -> None:
        """From now on the same server at another address."""
        left = self._upstream
        self._upstream = self._at(url, tls)
        await left.close()

    async def close(self) -> None:
        await self._upstream.close()

    async def collection(self, name: str, *, regardless: bool = False) -> Collection | None:
        """What the collection or alias of this name says of itself; None where there is none. `regardless`
        asks although the circuit is open, as a check does."""
        path = collection_path(name)
        try:
            return await self._ask(
                "GET", path, lambda result: Collection.of(name, result), regardless=regardless
            )
        except RetrievalUnavailable as failure:
            if failure.reason == "collection_missing":
                return None
            raise

    async def collection_names(self) -> list[str]:
        return await self._ask(
            "GET", "/collections", lambda result: [each["name"] for each in result["collections"]]
        )

    async def aliases(self) -> dict[str, str]:
        """The name of the collection behind every alias."""
        return await self._ask(
            "GET",
            "/aliases",
            lambda result: {each["alias_name"]: each["collection_name"] for each in result["aliases"]},
        )

    async def create(self, name: str, dimensions: int, metadata: Mapping[str, Any]) -> Collection:
        path = collection_path(name)
        await self._tell("PUT", path, creation(dimensions, metadata))
        field = {"field_name": FILE_FIELD, "field_schema": "keyword"}
        await self._tell("PUT", f"{path}/index", field, params={"wait": "true"})
        created = await self.collection(name)
        if created is None:
            raise collection_missing(self._configured, embedded=False)
        return created

    async def merge_metadata(self, name: str, metadata: Mapping[str, Any]) -> None:
        """Set these keys and leave the others; None removes a key. `name` must be no alias."""
        await self._tell("PATCH", collection_path(name), {"metadata": dict(metadata)})

    async def set_alias(self, alias: str, collection: str, *, replace: bool) -> None:
        """`replace` an alias in one step, so that it always leads somewhere."""
        actions: list[dict[str, Any]] = [{"delete_alias": {"alias_name": alias}}] if replace else []
        actions.append({"create_alias": {"collection_name": collection, "alias_name": alias}})
        await self._tell("POST", "/collections/aliases", {"actions": actions})

    async def drop(self, name: str) -> None:
        await self._tell("DELETE", collection_path(name))

    async def query(self, name: str, searches: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
        """The points that each search finds, all in one round trip."""
        return await self._ask(
            "POST",
            f"{collection_path(name)}/points/query/batch",
            lambda result: [each["points"] for each in result],
            {"searches": searches},
        )

    async def retrieve(self, name: str, ids: list[int | str]) -> list[dict[str, Any]]:
        """Those of the points that are there, with their payloads."""
        return await self._ask(
            "POST", f"{collection_path(name)}/points", list, {"ids": ids, "with_payload": True}
        )

    async def scroll(self, name: str, request: dict[str, Any]) -> tuple[list[dict[str, Any]], Any]:
        """A page of points and where the next one begins (None after the last)."""
        return await self._ask(
            "POST",
            f"{collection_path(name)}/points/scroll",
            lambda result: (result["points"], result.get("next_page_offset")),
            request,
        )

    async def upsert(self, name: str, points: list[Any]) -> None:
        """Insert or replace points, stored when it returns."""
        path = f"{collection_path(name)}/points"
        await self._tell("PUT", path, {"points": points}, params={"wait": "true"}, repeatable=True)

    async def delete(self, name: str, ids: list[int | str]) -> None:
        path = f"{collection_path(name)}/points/delete"
        await self._tell("POST", path, {"points": ids}, params={"wait": "true"}, repeatable=True)

    async def _ask(
        self,
        method: str,
        path: str,
        read: Callable[[Any], R],
        json: Any = None,
        *,
        regardless: bool = False,
    ) -> R:
        """What `read` makes of the result; changes nothing at the server, so it may be asked twice."""
        try:
            answer = await self._upstream.call(method, path, json, repeat=True, regardless=regardless)
        except UpstreamFailure as failure:
            raise self._unavailable(failure) from None
        try:
            return read(answer["result"])
        except (AttributeError, LookupError, TypeError, ValueError):
            raise self._unavailable(UpstreamFailure("error")) from None

    async def _tell(
        self,
        method: str,
        path: str,
        json: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> None:
        try:
            await self._upstream.call(
                method, path, json, params=params, timeout=WRITE_SECONDS, repeat=repeatable, regardless=True
            )
        except UpstreamFailure as failure:
            raise self._unavailable(failure) from None

    def _unavailable(self, failure: UpstreamFailure) -> RetrievalUnavailable:
        # A gateway in front of a cluster that is gone says 404 too, but not in Qdrant's words.
        if failure.status == 404 and isinstance(failure.body, dict) and "status" in failure.body:
            return collection_missing(self._configured, embedded=False)
        reason = failure.reason if failure.reason in _ACTIONS else "error"
        return RetrievalUnavailable(
            service="qdrant",
            reason=reason,
            action=_UNTRUSTED_ACTION if failure.untrusted else _ACTIONS[reason],
            retry_after=failure.retry_after or 10,
        )


def with_port(url: str) -> str:
    """`url` with Qdrant's port where it names none."""
    parts = urlsplit(url)
    if parts.port is not None:
        return url
    return urlunsplit(parts._replace(netloc=f"{parts.netloc}:{DEFAULT_PORT}"))


def collection_path(name: str) -> str:
    return f"/collections/{quote(name, safe='')}"
