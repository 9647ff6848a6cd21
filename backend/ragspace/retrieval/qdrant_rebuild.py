"""A collection built anew beside the one that is searched, and the switch from the old to the new.

The name leads to the new collection by an alias, which Qdrant follows itself. Where a real collection bears
the name an alias cannot: then its metadata name its successor, which the index follows.
"""

import re
from dataclasses import dataclass
from uuid import uuid4

from ragspace.retrieval.qdrant_api import QdrantApi
from ragspace.retrieval.qdrant_layout import SUCCESSOR, Collection, description

BUILDING = "ragspace_building"
"""Metadata: the name for which this collection is being built. A run that was killed leaves it, and the
next one goes on with it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name leads. `alias` tells whether it is one; `collections` are the real ones behind it, the
    searched one last, and empty where the name is free."""

    name: str
    alias: bool
    collections: tuple[Collection, ...]

    @property
    def searched(self) -> Collection | None:
        return self.collections[-1] if self.collections else None


async def locate(api: QdrantApi, name: str) -> Place:
    behind = (await api.aliases()).get(name)
    return Place(name, behind is not None, tuple(await followed(api, behind or name)))


async def followed(api: QdrantApi, name: str, *, regardless: bool = False) -> list[Collection]:
    """The collection of this name and the successor that its metadata point to, if there is one.

    A pointer to a collection that is gone counts as none. `regardless` as in QdrantApi.collection.
    """
    first = await api.collection(name, regardless=regardless)
    if first is None:
        return []
    if first.successor is None or first.successor == name:
        return [first]
    successor = await api.collection(first.successor, regardless=regardless)
    return [first, successor] if successor else [first]


async def find_building(
    api: QdrantApi, name: str, embedding_model: str, dimensions: int
) -> Collection | None:
    """What a killed run began to build for this name with the same model."""
    for found in await _building(api, await locate(api, name)):
        if found.embedding_model == embedding_model and found.layout.dimensions == dimensions:
            return found
    return None


async def start_building(api: QdrantApi, name: str, embedding_model: str, dimensions: int) -> Collection:
    """A new collection, which is not searched yet."""
    metadata = description(embedding_model, dimensions) | {BUILDING: name}
    return await api.create(f"{name}-{uuid4().hex[:8]}", dimensions, metadata)


async def finish_rebuild(api: QdrantApi, name: str, built: Collection, *, drop_old: bool) -> None:
    """Lead `name` to `built`; `drop_old` deletes what it led to before and what killed runs left.

    Killed at any step, the name leads to one whole collection, but for the moment in which a collection that
    bears the name is deleted and its alias is yet to come: then the next rebuild goes on with `built`.
    """
    place = await locate(api, name)
    real_name_taken = bool(place.collections) and not place.alias
    if real_name_taken:
        await api.merge_metadata(name, {SUCCESSOR: built.name})
    else:
        await api.set_alias(name, built.name, replace=place.alias)
    if drop_old:
        # The one that bears the name goes last: its pointer leads to `built` until the alias can.
        for old in (*await _building(api, place), *reversed(place.collections)):
            if old.name != built.name:
                await api.drop(old.name)
        if real_name_taken:
            await api.set_alias(name, built.name, replace=False)
    await api.merge_metadata(built.name, {BUILDING: None})


async def _building(api: QdrantApi, place: Place) -> list[Collection]:
    """The collections that were begun for this name and are not searched under it."""
    pattern = re.compile(re.escape(place.name) + r"-[0-9a-f]{8}")
    searched = {collection.name for collection in place.collections}
    found = []
    for name in await api.collection_names():
        if pattern.fullmatch(name) and name not in searched:
            collection = await api.collection(name)
            if collection is not None and collection.metadata.get(BUILDING) == place.name:
                found.append(collection)
    return found
