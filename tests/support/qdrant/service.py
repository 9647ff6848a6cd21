"""The shim's REST API: paths, envelopes, keys and error bodies as Qdrant has them."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.qdrant.collections import Collections, NotFound, Taken
from tests.support.qdrant.wire import BadRequest, Json

VERSION = "1.20.0"
"""The server that is played; the official client warns of one that is far from its own version."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in. `body` is None where there was none."""

    method: str
    path: str
    body: Any
    params: dict[str, str]


@dataclass
class Behaviour:
    """What the tests script."""

    slow: float = 0.0
    cuts: int = 0
    requests: list[Request] = field(default_factory=list)


def application(
    collections: Collections, behaviour: Behaviour, api_key: str, read_only_api_key: str
) -> web.Application:
    service = _Service(collections)

    @web.middleware
    async def as_qdrant_does(request: web.Request, handler: Handler) -> web.StreamResponse:
        raw = await request.read()
        body = json.loads(raw) if raw else None
        behaviour.requests.append(Request(request.method, request.path, body, dict(request.query)))
        if behaviour.cuts > 0 and request.transport is not None:
            behaviour.cuts -= 1
            request.transport.abort()
        await asyncio.sleep(behaviour.slow)
        refusal = _refusal(request, api_key, read_only_api_key)
        if refusal is not None:
            return refusal
        try:
            return await handler(request)
        except NotFound as error:
            return _error(404, str(error))
        except Taken as error:
            return _error(409, str(error))
        except BadRequest as error:
            return _error(400, str(error))
        except (KeyError, TypeError, ValueError) as error:
            return _error(400, f"Format error in JSON body: {error!r}")

    app = web.Application(middlewares=[as_qdrant_does], client_max_size=32 * 1024 * 1024)
    app.add_routes(service.routes())
    return app


def _refusal(request: web.Request, api_key: str, read_only_api_key: str) -> web.Response | None:
    """In Qdrant's words, which are no JSON."""
    if request.path == "/":
        return None
    given = request.headers.get("api-key") or request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not given:
        return web.Response(status=401, text="Must provide an API key or an Authorization bearer token")
    if given not in (api_key, read_only_api_key):
        return web.Response(status=401, text="Invalid API key or JWT")
    reads = request.method == "GET" or request.path.endswith(
        ("/points", "/points/scroll", "/points/query", "/points/query/batch", "/points/count")
    )
    if given == read_only_api_key and not (reads and request.method != "PUT"):
        return web.Response(status=403, text="Forbidden: Global write access is required")
    return None


def _error(status: int, text: str) -> web.Response:
    return web.json_response({"status": {"error": text}, "time": 0.0}, status=status)


def _result(value: Any) -> web.Response:
    return web.json_response({"result": value, "status": "ok", "time": 0.0})


def _completed() -> web.Response:
    return _result({"operation_id": time.monotonic_ns(), "status": "completed"})


class _Service:
    def __init__(self, collections: Collections) -> None:
        self._collections = collections

    def routes(self) -> list[web.RouteDef]:
        one = "/collections/{name}"
        return [
            web.get("/", self._version, allow_head=False),
            web.get("/collections", self._list),
            web.get("/aliases", self._aliases),
            web.post("/collections/aliases", self._change_aliases),
            web.get(one, self._describe),
            web.put(one, self._create),
            web.patch(one, self._patch),
            web.delete(one, self._drop),
            web.get(one + "/exists", self._exists),
            web.get(one + "/aliases", self._aliases),
            web.put(one + "/index", self._index),
            web.put(one + "/points", self._upsert),
            web.post(one + "/points", self._retrieve),
            web.post(one + "/points/delete", self._delete),
            web.post(one + "/points/scroll", self._scroll),
            web.post(one + "/points/count", self._count),
            web.post(one + "/points/query", self._query),
            web.post(one + "/points/query/batch", self._query_batch),
        ]

    async def _version(self, _: web.Request) -> web.Response:
        return web.json_response({"title": "qdrant - vector search engine", "version": VERSION, "commit": ""})

    async def _list(self, _: web.Request) -> web.Response:
        return _result({"collections": [{"name": name} for name in self._collections.by_name]})

    async def _aliases(self, request: web.Request) -> web.Response:
        wanted = request.match_info.get("name")
        return _result(
            {
                "aliases": [
                    {"alias_name": alias, "collection_name": name}
                    for alias, name in self._collections.aliases.items()
                    if wanted in (None, name)
                ]
            }
        )

    async def _change_aliases(self, request: web.Request) -> web.Response:
        self._collections.change_aliases((await request.json())["actions"])
        return _result(True)

    async def _describe(self, request: web.Request) -> web.Response:
        return _result(self._collections.find(request.match_info["name"]).description())

    async def _create(self, request: web.Request) -> web.Response:
        self._collections.create(request.match_info["name"], await request.json())
        return _result(True)

    async def _patch(self, request: web.Request) -> web.Response:
        collection = self._collections.real(request.match_info["name"])
        collection.merge_metadata((await request.json()).get("metadata") or {})
        return _result(True)

    async def _drop(self, request: web.Request) -> web.Response:
        return _result(self._collections.drop(request.match_info["name"]))

    async def _exists(self, request: web.Request) -> web.Response:
        try:
            self._collections.find(request.match_info["name"])
        except NotFound:
            return _result({"exists": False})
        return _result({"exists": True})

    async def _index(self, request: web.Request) -> web.Response:
        body = await request.json()
        self._collections.find(request.match_info["name"]).index_field(
            body["field_name"], body["field_schema"]
        )
        return _completed()

    async def _upsert(self, request: web.Request) -> web.Response:
        self._collections.find(request.match_info["name"]).upsert(await request.json())
        return _completed()

    async def _delete(self, request: web.Request) -> web.Response:
        self._collections.find(request.match_info["name"]).delete(await request.json())
        return _completed()

    async def _retrieve(self, request: web.Request) -> web.Response:
        return _result(self._collections.find(request.match_info["name"]).retrieve(await request.json()))

    async def _scroll(self, request: web.Request) -> web.Response:
        return _result(self._collections.find(request.match_info["name"]).scroll(await request.json()))

    async def _count(self, request: web.Request) -> web.Response:
        count = self._collections.find(request.match_info["name"]).count(await request.json())
        return _result({"count": count})

    async def _query(self, request: web.Request) -> web.Response:
        [found] = self._found(request, [await request.json()])
        return _result(found)

    async def _query_batch(self, request: web.Request) -> web.Response:
        return _result(self._found(request, (await request.json())["searches"]))

    def _found(self, request: web.Request, searches: list[Json]) -> list[Json]:
        found = self._collections.find(request.match_info["name"]).query(searches)
        return [{"points": points} for points in found]
