"""The built-in index, over the real engine."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ragspace.errors import ConfigurationError, RetrievalUnavailable
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.protocols import SparseVector
from tests.support.embedding import WordEmbedder
from tests.support.indexing import add, ask, fill
from tests.support.passages import passage

EMBEDDER = WordEmbedder()


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[EdgeIndex]:
    opened = EdgeIndex(tmp_path, "docs")
    await opened.open()
    yield opened
    await opened.close()


async def reason_of_search(index: EdgeIndex) -> str:
    with pytest.raises(RetrievalUnavailable) as raised:
        await ask(index, "anything", EMBEDDER)
    return raised.value.reason


async def test_an_index_without_documents_is_missing(index: EdgeIndex) -> None:
    with pytest.raises(RetrievalUnavailable) as raised:
        await index.state()

    assert raised.value.reason == "collection_missing"
    assert "ragspace ingest" in raised.value.action
    assert await reason_of_search(index) == "collection_missing"
    assert await index.refresh() is False


async def test_what_was_published_is_found_after_a_refresh(index: EdgeIndex) -> None:
    await fill(index, [passage("LiDAR measures distance."), passage("Cameras see colour.")], EMBEDDER)

    assert await index.refresh() is True
    found = await ask(index, "LiDAR distance", EMBEDDER)

    assert found["LiDAR measures distance."].similarity > found["Cameras see colour."].similarity
    assert found["LiDAR measures distance."].lexical > 0
    assert found["Cameras see colour."].lexical == 0
    assert found["LiDAR measures distance."].passage == passage("LiDAR measures distance.")


async def test_the_state_tells_what_the_generation_was_made_with(index: EdgeIndex) -> None:
    await fill(index, [passage("LiDAR")], EMBEDDER)

    state = await index.state()

    assert (state.collection, state.passages, state.dimensions) == ("docs", 1, 64)
    assert (state.embedding_model, state.sparse, state.sample) == ("words", True, False)


async def test_both_scores_belong_to_every_passage_that_either_search_found(index: EdgeIndex) -> None:
    contents = [f"lidar number {n}" for n in range(8)] + ["nothing of the kind"]
    await fill(index, [passage(content) for content in contents], EMBEDDER)
    await index.refresh()

    found = await index.search(EMBEDDER.vector("nothing of the kind"), SparseVector([], []), 9)
    assert {candidate.lexical for candidate in found.ranked} == {0.0}

    by_content = await ask(index, "lidar", EMBEDDER, limit=9)
    assert all(c.lexical > 0 for content, c in by_content.items() if "lidar" in content)
    assert all(0.0 <= candidate.similarity <= 1.0 for candidate in by_content.values())


async def test_a_second_server_on_the_same_data_is_refused(index: EdgeIndex, tmp_path: Path) -> None:
    await fill(index, [passage("LiDAR")], EMBEDDER)
    await index.refresh()
    second = EdgeIndex(tmp_path, "docs")

    with pytest.raises(ConfigurationError) as raised:
        await second.open()

    assert "RAGSPACE_DATA_DIR" in raised.value.action
    await index.close()
    await second.open()
    assert (await second.state()).passages == 1
    await second.close()


async def test_queries_that_run_while_a_generation_is_replaced_are_answered(index: EdgeIndex) -> None:
    await fill(index, [passage(f"lidar {n}") for n in range(300)], EMBEDDER)
    await index.refresh()
    await fill(index, [passage("camera")], EMBEDDER)

    queries = [ask(index, "lidar", EMBEDDER, limit=100) for _ in range(40)]
    *answers, refreshed = await asyncio.gather(*queries, index.refresh())

    assert refreshed is True
    assert all(len(answer) >= 100 for answer in answers)
    assert "camera" in await ask(index, "camera", EMBEDDER)


async def test_a_query_whose_task_is_cancelled_does_not_keep_its_generation_open(index: EdgeIndex) -> None:
    await fill(index, [passage("lidar")], EMBEDDER)
    await index.refresh()
    old = index.generation
    query = asyncio.create_task(ask(index, "lidar", EMBEDDER))
    await asyncio.sleep(0)
    query.cancel()
    await asyncio.gather(query, return_exceptions=True)
    await fill(index, [passage("camera")], EMBEDDER)

    await index.refresh()

    assert old is not None
    assert not old.directory.exists()


async def test_a_new_generation_that_cannot_be_opened_leaves_the_old_one(
    index: EdgeIndex, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(index, [passage("lidar")], EMBEDDER)
    await index.refresh()
    broken = tmp_path / "docs" / "generations" / "00000009"
    (broken / "shard").mkdir(parents=True)
    present = index.generation
    assert present is not None
    present.manifest.write(broken)
    (tmp_path / "docs" / "current").write_text("00000009")

    assert await index.refresh() is False
    assert await index.refresh() is False

    assert "lidar" in await ask(index, "lidar", EMBEDDER)
    assert len([record for record in caplog.records if "cannot be opened" in record.message]) == 1


async def test_a_damaged_generation_is_told_with_what_mends_it(index: EdgeIndex, tmp_path: Path) -> None:
    (tmp_path / "docs" / "generations").mkdir(parents=True)
    (tmp_path / "docs" / "current").write_text("00000001")

    with pytest.raises(RetrievalUnavailable) as raised:
        await index.open()

    assert raised.value.reason == "error"
    assert "--rebuild" in raised.value.action
    assert str(tmp_path) not in f"{raised.value.message}{raised.value.action}"


async def test_a_question_of_other_dimensions_is_refused_by_the_engine(index: EdgeIndex) -> None:
    await fill(index, [passage("lidar")], EMBEDDER)
    await index.refresh()

    with pytest.raises(RetrievalUnavailable):
        await index.search([1.0, 0.0], SparseVector([], []), 5)


async def test_any_passage_comes_with_its_stored_vector(index: EdgeIndex) -> None:
    await fill(index, [passage("lidar")], EMBEDDER)
    await index.refresh()

    sample = await index.sample()

    assert sample is not None
    assert sample[0] == passage("lidar")
    assert sample[1] == pytest.approx(EMBEDDER.vector(passage("lidar").text_to_embed), abs=1e-6)


async def test_an_adopted_model_is_remembered(index: EdgeIndex, tmp_path: Path) -> None:
    await fill(index, [passage("lidar")], EMBEDDER)
    await index.refresh()

    await index.adopt("other")
    assert (await index.state()).embedding_model == "other"
    await index.close()

    again = EdgeIndex(tmp_path, "docs")
    await again.open()
    assert (await again.state()).embedding_model == "other"
    await again.close()


async def test_nothing_can_be_adopted_where_nothing_is(index: EdgeIndex) -> None:
    with pytest.raises(RetrievalUnavailable):
        await index.adopt("other")


async def test_read_only_leaves_every_file_as_it_is_and_takes_no_lock(
    index: EdgeIndex, tmp_path: Path
) -> None:
    await fill(index, [passage("lidar")], EMBEDDER)
    await index.refresh()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "docs").rglob("*")}

    baked = EdgeIndex(tmp_path, "docs", read_only=True)
    await baked.open()
    assert "lidar" in await ask(baked, "lidar", EMBEDDER)
    await baked.adopt("other")
    await baked.close()

    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "docs").rglob("*")} == before


async def test_passages_without_any_term_are_kept_and_found_by_meaning(index: EdgeIndex) -> None:
    await fill(index, [passage("and so on", heading="")], EMBEDDER)
    await index.refresh()

    assert "and so on" in await ask(index, "and so on", EMBEDDER)


async def test_what_a_writer_adds_is_not_searched_before_it_is_published(index: EdgeIndex) -> None:
    await fill(index, [passage("lidar")], EMBEDDER)
    await index.refresh()
    writer = await index.begin("words", 64)
    await add(writer, [passage("camera")], EMBEDDER)

    assert await index.refresh() is False
    assert set(await ask(index, "camera", EMBEDDER)) == {"lidar"}
    await writer.close()
