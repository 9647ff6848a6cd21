"""The index in a Qdrant server: written, searched, and failing as it may."""

import math
from operator import mul
from pathlib import Path

import pytest

from ragspace.documents.passage import Passage
from ragspace.errors import RetrievalUnavailable
from ragspace.retrieval import qdrant_writer
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.protocols import IndexState, SparseVector
from ragspace.retrieval.qdrant import QdrantIndex
from ragspace.retrieval.terms import question_terms
from tests.support.embedding import WordEmbedder
from tests.support.indexing import Connect, add, ask, fill
from tests.support.passages import passage
from tests.support.qdrant import QdrantShim

EMBEDDER = WordEmbedder()
LIDAR = passage("LiDAR measures distance with light pulses.", heading="LiDAR")
RADAR = passage("Radar measures speed with radio waves.", heading="Radar")
SECRETS = passage("Set QDRANT_API_KEY as a secret of the Space.", file="docs/deploy.md", heading="Secrets")
PASSAGES = [LIDAR, RADAR, SECRETS]
NO_TERMS = SparseVector([], [])


def cosine(question: str, found: Passage) -> float:
    return math.fsum(map(mul, EMBEDDER.vector(question), EMBEDDER.vector(found.text_to_embed)))


async def test_a_passage_comes_back_as_it_was_written(index: QdrantIndex) -> None:
    await fill(index, PASSAGES, EMBEDDER)

    found = await ask(index, "light pulses", EMBEDDER)

    assert found[LIDAR.content].passage == LIDAR


async def test_a_search_is_one_round_trip_that_brings_both_scores(
    index: QdrantIndex, qdrant: QdrantShim
) -> None:
    await fill(index, PASSAGES, EMBEDDER)
    await index.state()
    qdrant.reset()

    found = await ask(index, "light pulses", EMBEDDER)

    assert [request.path.rpartition("/points/")[2] for request in qdrant.requests] == ["query/batch"]
    assert found[LIDAR.content].similarity == pytest.approx(cosine("light pulses", LIDAR), abs=1e-5)
    assert found[LIDAR.content].lexical > 0
    assert found[RADAR.content].lexical == 0


async def test_a_passage_is_found_that_only_its_terms_lead_to(index: QdrantIndex) -> None:
    await fill(index, PASSAGES, EMBEDDER)
    elsewhere = [-value for value in EMBEDDER.vector(SECRETS.text_to_embed)]

    found = await index.search(elsewhere, question_terms("qdrant_api_key"), 1)

    secrets = next(each for each in found.ranked if each.passage == SECRETS)
    assert secrets.similarity == 0
    assert secrets.lexical > 0


async def test_both_families_find_the_same_with_the_same_scores(index: QdrantIndex, tmp_path: Path) -> None:
    built_in = EdgeIndex(tmp_path, "book")
    await built_in.open()
    try:
        await fill(built_in, PASSAGES, EMBEDDER)
        await fill(index, PASSAGES, EMBEDDER)
        await built_in.refresh()
        for question in ("light pulses", "measures", "how do I set the secret QDRANT_API_KEY?", "?"):
            ours = await ask(index, question, EMBEDDER, limit=2)
            theirs = await ask(built_in, question, EMBEDDER, limit=2)
            assert ours.keys() == theirs.keys()
            for content, candidate in ours.items():
                assert candidate.similarity == pytest.approx(theirs[content].similarity, abs=1e-5)
                assert candidate.lexical == pytest.approx(theirs[content].lexical, abs=1e-5)
    finally:
        await built_in.close()


async def test_a_question_without_terms_is_asked_by_its_meaning_alone(
    index: QdrantIndex, qdrant: QdrantShim
) -> None:
    await fill(index, PASSAGES, EMBEDDER)

    found = await index.search(EMBEDDER.vector("radio"), NO_TERMS, 2)

    assert len(found.ranked) == 2
    assert {candidate.lexical for candidate in found.ranked} == {0}
    assert len(qdrant.asked("POST", "/query/batch")[-1].body["searches"]) == 1


async def test_a_new_collection_says_what_made_it(index: QdrantIndex, book: str) -> None:
    await fill(index, PASSAGES, EMBEDDER)

    assert await index.state() == IndexState(book, 3, 64, "words", sparse=True)


async def test_a_run_that_writes_nothing_creates_nothing(index: QdrantIndex, qdrant: QdrantShim) -> None:
    for rebuild in (False, True):
        writer = await index.begin("words", 64, rebuild=rebuild)
        assert await writer.known() == {}
        await writer.remove([LIDAR.id])
        await writer.close()

    assert {request.method for request in qdrant.requests} == {"GET"}


async def test_known_tells_every_passage_and_its_file(
    index: QdrantIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qdrant_writer, "SCROLL_PAGE", 2)
    await fill(index, PASSAGES, EMBEDDER)

    writer = await index.begin("words", 64)

    assert await writer.known() == {each.id: each.file for each in PASSAGES}


async def test_removed_passages_are_not_found(
    index: QdrantIndex, qdrant: QdrantShim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qdrant_writer, "DELETE_BATCH", 1)
    await fill(index, PASSAGES, EMBEDDER)
    writer = await index.begin("words", 64)

    await writer.remove([LIDAR.id, RADAR.id])
    await writer.publish()

    assert set(await ask(index, "measures distance", EMBEDDER)) == {SECRETS.content}
    assert len(qdrant.asked("POST", "/points/delete")) == 2


async def test_points_are_sent_in_batches_of_bounded_size(
    index: QdrantIndex, qdrant: QdrantShim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qdrant_writer, "UPSERT_POINTS", 2)
    await fill(index, PASSAGES, EMBEDDER)
    by_count = [len(request.body["points"]) for request in qdrant.asked("PUT", "/points")]
    qdrant.reset()
    monkeypatch.setattr(qdrant_writer, "UPSERT_BYTES", 10)
    await fill(index, PASSAGES, EMBEDDER)
    by_bytes = [len(request.body["points"]) for request in qdrant.asked("PUT", "/points")]

    assert by_count == [2, 1]
    assert by_bytes == [1, 1, 1]


async def test_a_collection_of_another_model_is_refused(index: QdrantIndex) -> None:
    await fill(index, PASSAGES, EMBEDDER)

    with pytest.raises(RetrievalUnavailable) as refused:
        await index.begin("other-words", 64)

    assert refused.value.reason == "embedding_model_mismatch"
    assert "--rebuild" in refused.value.action


async def test_a_collection_of_other_dimensions_is_refused(index: QdrantIndex) -> None:
    await fill(index, PASSAGES, EMBEDDER)

    with pytest.raises(RetrievalUnavailable) as to_write:
        await index.begin("words", 32)
    with pytest.raises(RetrievalUnavailable) as to_search:
        await index.search([1.0, 0.0], NO_TERMS, 3)

    assert to_write.value.reason == to_search.value.reason == "dimension_mismatch"


async def test_a_missing_collection_is_named_with_what_to_do(index: QdrantIndex, book: str) -> None:
    for call in (index.state(), index.search([1.0], NO_TERMS, 3), index.sample(), index.adopt("words")):
        with pytest.raises(RetrievalUnavailable) as missing:
            await call
        assert missing.value.reason == "collection_missing"
        assert book in missing.value.action
        assert "ragspace ingest" in missing.value.action


@pytest.mark.parametrize("api_key", ["wrong", None])
async def test_a_wrong_key_is_told_without_it(connect: Connect, api_key: str | None) -> None:
    with pytest.raises(RetrievalUnavailable) as refused:
        await connect(api_key=api_key).state()

    assert refused.value.reason == "unauthorized"
    assert "QDRANT_API_KEY" in refused.value.action


async def test_a_key_that_may_only_read_searches_and_cannot_write(
    index: QdrantIndex, connect: Connect, qdrant: QdrantShim
) -> None:
    await fill(index, PASSAGES, EMBEDDER)
    reader = connect(api_key=qdrant.read_only_api_key)

    assert await ask(reader, "light pulses", EMBEDDER)
    with pytest.raises(RetrievalUnavailable) as refused:
        await reader.adopt("words")
    assert refused.value.reason == "unauthorized"


async def test_a_server_that_is_down_is_unreachable_until_it_is_up(
    index: QdrantIndex, qdrant: QdrantShim
) -> None:
    await fill(index, PASSAGES, EMBEDDER)
    await index.state()
    qdrant.down()
    try:
        with pytest.raises(RetrievalUnavailable) as searching:
            await ask(index, "light pulses", EMBEDDER)
        with pytest.raises(RetrievalUnavailable) as looking:
            await index.state()
    finally:
        qdrant.up()

    assert searching.value.reason == looking.value.reason == "unreachable"
    assert "127.0.0.1" not in searching.value.action
    assert LIDAR.content in await ask(index, "light pulses", EMBEDDER)


async def test_a_server_that_does_not_answer_in_time_is_told_so(
    index: QdrantIndex, connect: Connect, qdrant: QdrantShim
) -> None:
    await fill(index, PASSAGES, EMBEDDER)
    index = connect(read_timeout=0.05)
    qdrant.slow(0.5)

    with pytest.raises(RetrievalUnavailable) as late:
        await index.state()

    assert late.value.reason == "timeout"
    assert "QDRANT_URL" in late.value.action


async def test_a_connection_dropped_by_the_server_is_not_noticed(
    index: QdrantIndex, qdrant: QdrantShim
) -> None:
    await fill(index, PASSAGES, EMBEDDER)
    await index.state()
    qdrant.cut(1)

    assert LIDAR.content in await ask(index, "light pulses", EMBEDDER)


async def test_a_connection_dropped_twice_is_an_outage(index: QdrantIndex, qdrant: QdrantShim) -> None:
    await fill(index, PASSAGES, EMBEDDER)
    await index.state()
    qdrant.cut(2)

    with pytest.raises(RetrievalUnavailable) as dropped:
        await ask(index, "light pulses", EMBEDDER)

    assert dropped.value.reason == "unreachable"


async def test_any_stored_passage_comes_with_its_vector(index: QdrantIndex) -> None:
    await fill(index, [LIDAR], EMBEDDER)

    sample = await index.sample()

    assert sample is not None
    assert sample[0] == LIDAR
    assert sample[1] == pytest.approx(EMBEDDER.vector(LIDAR.text_to_embed), abs=1e-6)


async def test_an_empty_collection_has_no_sample(index: QdrantIndex) -> None:
    await fill(index, [LIDAR], EMBEDDER)
    writer = await index.begin("words", 64)
    await writer.remove([LIDAR.id])

    assert await index.sample() is None
    assert await ask(index, "light", EMBEDDER) == {}


async def test_an_interrupted_first_run_goes_on_where_it_was(connect: Connect) -> None:
    killed = await connect().begin("words", 64)
    await add(killed, [LIDAR], EMBEDDER)

    writer = await connect().begin("words", 64)

    assert set(await writer.known()) == {LIDAR.id}
