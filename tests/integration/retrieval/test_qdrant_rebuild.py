"""A collection built anew beside the one that is searched, and the switch to it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from ragspace.errors import RetrievalUnavailable
from ragspace.retrieval import qdrant as qdrant_index
from ragspace.retrieval.qdrant import QdrantIndex
from ragspace.retrieval.qdrant_api import QdrantApi
from tests.support.embedding import WordEmbedder
from tests.support.indexing import Connect, add, ask, fill
from tests.support.passages import passage
from tests.support.qdrant import QdrantShim

OLD_MODEL = WordEmbedder("old-words", 32)
EMBEDDER = WordEmbedder()
NEWER_MODEL = WordEmbedder("newer-words", 48)
OLD = passage("The old edition tells of sonar.")
NEW = passage("The new edition tells of LiDAR.")
NEWER = passage("The newest edition tells of cameras.")


@pytest.fixture
async def api(qdrant: QdrantShim, book: str) -> AsyncIterator[QdrantApi]:
    api = QdrantApi(qdrant.url, qdrant.api_key, book)
    yield api
    await api.close()


async def of_book(api: QdrantApi, book: str) -> list[str]:
    return sorted(name for name in await api.collection_names() if name.startswith(book))


async def metadata(api: QdrantApi, name: str) -> dict[str, Any]:
    collection = await api.collection(name)
    assert collection is not None
    return dict(collection.metadata)


async def test_where_a_collection_bears_the_name_a_pointer_leads_on_and_the_old_one_stays(
    index: QdrantIndex, connect: Connect, api: QdrantApi, book: str
) -> None:
    await fill(index, [OLD], OLD_MODEL)

    await fill(index, [NEW], EMBEDDER, rebuild=True)

    [old, new] = await of_book(api, book)
    assert old == book
    assert (await metadata(api, old))["ragspace_successor"] == new
    assert (await api.aliases()).get(book) is None
    other = connect()
    state = await other.state()
    assert (state.collection, state.embedding_model, state.dimensions) == (book, "words", 64)
    assert set(await ask(other, "edition", EMBEDDER)) == {NEW.content}


async def test_where_the_name_is_free_it_becomes_an_alias(
    index: QdrantIndex, api: QdrantApi, book: str
) -> None:
    await fill(index, [NEW], EMBEDDER, rebuild=True)

    assert [(await api.aliases())[book]] == await of_book(api, book)
    assert set(await ask(index, "edition", EMBEDDER)) == {NEW.content}


async def test_where_the_name_is_an_alias_it_is_moved_in_one_step(
    index: QdrantIndex, api: QdrantApi, qdrant: QdrantShim, book: str
) -> None:
    await fill(index, [OLD], OLD_MODEL, rebuild=True)
    [old] = await of_book(api, book)
    qdrant.reset()

    await fill(index, [NEW], EMBEDDER, rebuild=True)

    [moved] = qdrant.asked("POST", "/collections/aliases")
    assert [next(iter(action)) for action in moved.body["actions"]] == ["delete_alias", "create_alias"]
    assert old in await of_book(api, book)
    assert set(await ask(index, "edition", EMBEDDER)) == {NEW.content}


async def test_drop_old_deletes_what_the_alias_led_to(index: QdrantIndex, api: QdrantApi, book: str) -> None:
    await fill(index, [OLD], OLD_MODEL, rebuild=True)

    await fill(index, [NEW], EMBEDDER, rebuild=True, drop_old=True)

    assert await of_book(api, book) == [(await api.aliases())[book]]
    assert set(await ask(index, "edition", EMBEDDER)) == {NEW.content}


async def test_drop_old_makes_room_for_an_alias(index: QdrantIndex, api: QdrantApi, book: str) -> None:
    await fill(index, [OLD], OLD_MODEL)
    await fill(index, [NEW], EMBEDDER, rebuild=True)

    await fill(index, [NEWER], NEWER_MODEL, rebuild=True, drop_old=True)

    assert await of_book(api, book) == [(await api.aliases())[book]]
    assert set(await ask(index, "edition", NEWER_MODEL)) == {NEWER.content}


async def test_a_second_rebuild_moves_the_pointer(index: QdrantIndex, connect: Connect) -> None:
    await fill(index, [OLD], OLD_MODEL)
    await fill(index, [NEW], EMBEDDER, rebuild=True)

    await fill(index, [NEWER], NEWER_MODEL, rebuild=True)

    assert set(await ask(connect(), "edition", NEWER_MODEL)) == {NEWER.content}


async def test_an_ordinary_run_writes_to_the_rebuilt_collection(index: QdrantIndex, connect: Connect) -> None:
    await fill(index, [OLD], OLD_MODEL)
    await fill(index, [NEW], EMBEDDER, rebuild=True)

    await fill(index, [NEWER], EMBEDDER)

    assert set(await ask(connect(), "edition", EMBEDDER)) == {NEW.content, NEWER.content}


async def test_the_old_collection_is_searched_until_the_new_one_is_published(
    index: QdrantIndex, connect: Connect
) -> None:
    server = connect(follow_seconds=0)
    await fill(index, [OLD], EMBEDDER)
    writer = await index.begin("words", 64, rebuild=True)
    await add(writer, [NEW], EMBEDDER)

    before = set(await ask(server, "edition", EMBEDDER))
    await writer.publish()
    after = set(await ask(server, "edition", EMBEDDER))

    assert (before, after) == ({OLD.content}, {NEW.content})


async def test_a_server_looks_for_a_switch_only_when_it_is_due(
    index: QdrantIndex, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(qdrant_index, "monotonic", lambda: now)
    server = connect(follow_seconds=5)
    await fill(index, [OLD], EMBEDDER)
    await server.state()
    await fill(index, [NEW], EMBEDDER, rebuild=True)

    now += 4.9
    before = set(await ask(server, "edition", EMBEDDER))
    now += 0.2
    after = set(await ask(server, "edition", EMBEDDER))

    assert (before, after) == ({OLD.content}, {NEW.content})


@pytest.mark.parametrize("from_alias", [False, True])
async def test_a_server_follows_at_once_when_the_old_collection_is_gone(
    index: QdrantIndex, connect: Connect, from_alias: bool
) -> None:
    server = connect()
    await fill(index, [OLD], OLD_MODEL, rebuild=from_alias)
    await server.state()

    await fill(index, [NEW], EMBEDDER, rebuild=True, drop_old=True)

    assert set(await ask(server, "edition", EMBEDDER)) == {NEW.content}


async def test_a_server_waits_out_the_moment_between_the_old_collection_and_its_alias(
    index: QdrantIndex,
    connect: Connect,
    api: QdrantApi,
    qdrant: QdrantShim,
    book: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(qdrant_index, "SWITCH_SECONDS", 1.0)
    server = connect()
    await fill(index, [NEW], EMBEDDER, rebuild=True)
    [new] = await of_book(api, book)
    await server.state()
    await api.create(f"{book}-other", 64, {})
    await api.set_alias(book, f"{book}-other", replace=True)
    await api.drop(f"{book}-other")  # its alias goes with it
    qdrant.reset()

    asking = asyncio.create_task(ask(server, "edition", EMBEDDER))
    while not qdrant.asked("GET", f"/collections/{book}"):
        await asyncio.sleep(0.01)
    await api.set_alias(book, new, replace=False)

    assert set(await asking) == {NEW.content}


async def test_an_interrupted_rebuild_goes_on_with_what_it_had(
    index: QdrantIndex, connect: Connect, api: QdrantApi, book: str
) -> None:
    await fill(index, [OLD], OLD_MODEL)
    killed = await index.begin("words", 64, rebuild=True)
    await add(killed, [NEW], EMBEDDER)

    writer = await connect().begin("words", 64, rebuild=True)
    known = await writer.known()
    await writer.publish()

    assert set(known) == {NEW.id}
    [_, new] = await of_book(api, book)
    assert "ragspace_building" not in await metadata(api, new)


async def test_a_finished_rebuild_is_not_taken_for_an_interrupted_one(index: QdrantIndex) -> None:
    await fill(index, [NEW], EMBEDDER, rebuild=True)

    writer = await index.begin("words", 64, rebuild=True)

    assert await writer.known() == {}


async def test_an_interrupted_rebuild_with_another_model_is_left_alone_until_drop_old(
    index: QdrantIndex, api: QdrantApi, book: str
) -> None:
    killed = await index.begin("old-words", 32, rebuild=True)
    await add(killed, [OLD], OLD_MODEL)
    writer = await index.begin("words", 64, rebuild=True)
    assert await writer.known() == {}
    await add(writer, [NEW], EMBEDDER)

    await writer.publish()
    kept = await of_book(api, book)
    await fill(index, [NEWER], NEWER_MODEL, rebuild=True, drop_old=True)

    assert len(kept) == 2
    assert await of_book(api, book) == [(await api.aliases())[book]]


async def test_a_pointer_to_a_collection_that_is_gone_counts_as_none(
    index: QdrantIndex, api: QdrantApi, book: str
) -> None:
    await fill(index, [OLD], EMBEDDER)
    await api.merge_metadata(book, {"ragspace_successor": f"{book}-gone"})

    assert set(await ask(index, "edition", EMBEDDER)) == {OLD.content}


async def test_a_collection_that_cannot_be_searched_can_be_rebuilt(
    index: QdrantIndex, qdrant: QdrantShim, book: str
) -> None:
    import aiohttp

    vector = {"size": 4, "distance": "Cosine"}
    async with aiohttp.ClientSession(qdrant.url, headers={"api-key": qdrant.api_key}) as http:
        await http.put(f"/collections/{book}", json={"vectors": {"title": vector, "text": vector}})
    with pytest.raises(RetrievalUnavailable) as unusable:
        await index.state()

    await fill(index, [NEW], EMBEDDER, rebuild=True)

    assert "2 dense vectors" in unusable.value.action
    assert "--rebuild" in unusable.value.action
    assert set(await ask(index, "edition", EMBEDDER)) == {NEW.content}
