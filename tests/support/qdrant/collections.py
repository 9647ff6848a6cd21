"""The collections and aliases of the shim: one shard of the embedded engine each."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

from qdrant_edge import CountRequest, EdgeShard, QueryBatchRequest, ScrollRequest, UpdateOperation

from tests.support.qdrant import wire
from tests.support.qdrant.wire import BadRequest, Json

R = TypeVar("R")


class NotFound(Exception):
    """There is no such collection."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Not found: Collection `{name}` doesn't exist!")


class Taken(Exception):
    """The name has been given away."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Wrong input: Collection `{name}` already exists!")


class Collection:
    """One collection: what it was created with, and its points."""

    def __init__(self, directory: Path, created: Json) -> None:
        directory.mkdir()
        self._directory = directory
        self._created = created
        self._schema: Json = {}
        self.metadata: Json | None = created.get("metadata")
        self._shard: EdgeShard = _engine(EdgeShard.create, str(directory), wire.config(created))

    def description(self) -> Json:
        points = self._shard.info().points_count
        vectors = self._created.get("vectors") or {}
        params: Json = {
            "vectors": vectors,
            "shard_number": 1,
            "replication_factor": 1,
            "write_consistency_factor": 1,
            "on_disk_payload": True,
        }
        if self._created.get("sparse_vectors"):
            params["sparse_vectors"] = self._created["sparse_vectors"]
        config: Json = {"params": params, "hnsw_config": _HNSW, "optimizer_config": _OPTIMIZER}
        if self.metadata is not None:
            config["metadata"] = self.metadata
        return {
            "status": "green",
            "optimizer_status": "ok",
            "indexed_vectors_count": 0,
            "points_count": points,
            "segments_count": 1,
            "config": config,
            "payload_schema": {name: data | {"points": points} for name, data in self._schema.items()},
        }

    def merge_metadata(self, metadata: Json) -> None:
        """As Qdrant does: null removes a key, but is stored where there was no metadata at all."""
        if self.metadata is None:
            self.metadata = metadata
            return
        merged = self.metadata | metadata
        self.metadata = {key: value for key, value in merged.items() if metadata.get(key, ...) is not None}

    def index_field(self, name: str, schema: Any) -> None:
        data_type = schema if isinstance(schema, str) else schema["type"]
        self._schema[name] = {"data_type": data_type}

    def upsert(self, body: Json) -> None:
        self._update(UpdateOperation.upsert_points(wire.points(body)))

    def delete(self, body: Json) -> None:
        if "points" in body:
            self._update(UpdateOperation.delete_points([wire.point_id(each) for each in body["points"]]))
        else:
            found = wire.condition_filter(body["filter"])
            if found is None:
                raise BadRequest("Wrong input: an empty filter is not served here")
            self._update(UpdateOperation.delete_points_by_filter(found))

    def query(self, searches: list[Json]) -> list[list[Json]]:
        requests = [wire.query_request(each) for each in searches]
        found = _engine(self._shard.query_batch, QueryBatchRequest(requests))
        return [[wire.scored(point) for point in points] for points in found]

    def scroll(self, body: Json) -> Json:
        offset = body.get("offset")
        request = ScrollRequest(
            offset=None if offset is None else wire.point_id(offset),
            limit=body.get("limit") or 10,
            filter=wire.condition_filter(body.get("filter")),
            with_payload=wire.with_payload(body.get("with_payload", True)),
            with_vector=body.get("with_vector", False),
        )
        records, following = _engine(self._shard.scroll, request)
        return {
            "points": [wire.record(each) for each in records],
            "next_page_offset": None if following is None else wire.json_id(following),
        }

    def retrieve(self, body: Json) -> list[Json]:
        ids: list[int | UUID | str] = [wire.point_id(each) for each in body["ids"]]
        found = _engine(
            lambda: self._shard.retrieve(
                ids, wire.with_payload(body.get("with_payload", True)), body.get("with_vector", False)
            )
        )
        return [wire.record(each) for each in found]

    def count(self, body: Json) -> int:
        return _engine(self._shard.count, CountRequest(filter=wire.condition_filter(body.get("filter"))))

    def drop(self) -> None:
        self._shard.close()
        shutil.rmtree(self._directory)

    def _update(self, operation: UpdateOperation) -> None:
        _engine(self._shard.update, operation)


class Collections:
    """All collections, by their names and aliases, under `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.by_name: dict[str, Collection] = {}
        self.aliases: dict[str, str] = {}

    def find(self, name: str) -> Collection:
        """By its name or by an alias."""
        return self.real(self.aliases.get(name, name))

    def real(self, name: str) -> Collection:
        if name not in self.by_name:
            raise NotFound(name)
        return self.by_name[name]

    def create(self, name: str, created: Json) -> None:
        if name in self.by_name or name in self.aliases:
            raise Taken(name)
        self.by_name[name] = Collection(self._directory / uuid4().hex, created)

    def drop(self, name: str) -> bool:
        """Aliases go with their collection."""
        collection = self.by_name.pop(name, None)
        if collection is None:
            return False
        collection.drop()
        self.aliases = {alias: behind for alias, behind in self.aliases.items() if behind != name}
        return True

    def change_aliases(self, actions: list[Json]) -> None:
        """All of the actions or none of them."""
        changed = dict(self.aliases)
        for action in actions:
            if "create_alias" in action:
                created = action["create_alias"]
                self.real(created["collection_name"])
                if created["alias_name"] in self.by_name:
                    raise Taken(created["alias_name"])
                changed[created["alias_name"]] = created["collection_name"]
            elif "delete_alias" in action:
                changed.pop(action["delete_alias"]["alias_name"], None)
            else:
                raise BadRequest("Format error in JSON body: this kind of alias action is not served here")
        self.aliases = changed

    def close(self) -> None:
        for name in list(self.by_name):
            self.drop(name)


def _engine(function: Callable[..., R], *arguments: Any) -> R:
    try:
        return function(*arguments)
    except Exception as error:  # noqa: BLE001 - the engine raises nothing narrower
        raise BadRequest(f"Wrong input: {error}") from None


_HNSW = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000, "max_indexing_threads": 0}
_OPTIMIZER = {
    "deleted_threshold": 0.2,
    "vacuum_min_vector_number": 1000,
    "default_segment_number": 0,
    "flush_interval_sec": 5,
}
