"""The official client against the same server: what one writes the other reads, in the same requests."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from qdrant_client import AsyncQdrantClient, models

from ragspace.errors import RetrievalUnavailable
from ragspace.retrieval.payload import to_payload
from ragspace.retrieval.protocols import IndexState
from ragspace.retrieval.qdrant import QdrantIndex
from ragspace.retrieval.terms import index_terms, question_terms
from tests.support.embedding import WordEmbedder
from tests.support.indexing import add, ask, fill
from tests.support.passages import passage
from tests.support.qdrant import QdrantShim

EMBEDDER = WordEmbedder()
LIDAR = passage("LiDAR measures distance with light pulses.", heading="LiDAR")
RADAR = passage("Radar measures speed with radio waves.", heading="Radar")
QUESTION = "which one measures distance?"
DENSE = models.VectorParams(size=64, distance=models.Distance.COSINE)
TERMS = models.SparseVectorParams(modifier=models.Modifier.IDF)
OLD_PAYLOAD = {
    "file_path": "docs/module-01/chapter-03.md",
    "heading_path": ["Sensors", "LiDAR"],
    "section_depth": 2,
    "content": "LiDAR measures distance.",
    "token_count": 5,
}


@pytest.fixture
async def official(qdrant: QdrantShim) -> AsyncIterator[AsyncQdrantClient]:
    with pytest.warns(UserWarning, match="insecure connection"):
        client = AsyncQdrantClient(
            url=qdrant.url, api_key=qdrant.api_key, prefer_grpc=False, check_compatibility=False
        )
    yield client
    await client.close()


def sent(qdrant: QdrantShim, method: str, path: str) -> tuple[Any, dict[str, str]]:
    """The last such request: its body and its parameters."""
    request = qdrant.asked(method, path)[-1]
    return request.body, request.params


def official_point() -> models.PointStruct:
    terms = index_terms(LIDAR)
    return models.PointStruct(
        id=str(LIDAR.id),
        vector={
            "dense": EMBEDDER.vector(LIDAR.text_to_embed),
            "terms": models.SparseVector(indices=terms.indices, values=terms.values),
        },
        payload=to_payload(LIDAR),
    )


async def test_a_collection_is_created_by_the_same_requests(
    index: QdrantIndex, official: AsyncQdrantClient, qdrant: QdrantShim, book: str
) -> None:
    await fill(index, [LIDAR], EMBEDDER)
    other = f"{book}-official"
    await official.create_collection(
        other,
        vectors_config={"dense": DENSE},
        sparse_vectors_config={"terms": TERMS},
        metadata={"embedding_model": "words", "embedding_dimensions": 64, "created_by": "ragspace"},
    )
    await official.create_payload_index(other, "file_path", models.PayloadSchemaType.KEYWORD, wait=True)

    for path in ("", "/index"):
        ours = sent(qdrant, "PUT", f"/collections/{book}{path}")
        assert ours == sent(qdrant, "PUT", f"/collections/{other}{path}")


async def test_points_are_written_and_removed_by_the_same_requests(
    index: QdrantIndex, official: AsyncQdrantClient, qdrant: QdrantShim, book: str
) -> None:
    writer = await index.begin("words", 64)
    await add(writer, [LIDAR], EMBEDDER)
    ours = sent(qdrant, "PUT", "/points")
    await official.upsert(book, [official_point()], wait=True)
    assert sent(qdrant, "PUT", "/points") == ours

    await writer.remove([LIDAR.id])
    ours = sent(qdrant, "POST", "/points/delete")
    await official.delete(book, models.PointIdsList(points=[str(LIDAR.id)]), wait=True)
    assert sent(qdrant, "POST", "/points/delete") == ours


async def test_a_search_is_the_same_request_and_finds_the_same(
    index: QdrantIndex, official: AsyncQdrantClient, qdrant: QdrantShim, book: str
) -> None:
    await fill(index, [LIDAR, RADAR], EMBEDDER)
    found = await ask(index, QUESTION, EMBEDDER, limit=2)
    ours = sent(qdrant, "POST", "/query/batch")
    terms = question_terms(QUESTION)
    dense = models.NearestQuery(nearest=EMBEDDER.vector(QUESTION))
    sparse = models.NearestQuery(nearest=models.SparseVector(indices=terms.indices, values=terms.values))
    prefetch = [
        models.Prefetch(query=dense, using="dense", limit=2),
        models.Prefetch(query=sparse, using="terms", limit=2),
    ]

    by_meaning, by_terms = await official.query_batch_points(
        book,
        [
            models.QueryRequest(prefetch=prefetch, query=dense, using="dense", limit=4, with_payload=True),
            models.QueryRequest(prefetch=prefetch, query=sparse, using="terms", limit=4, with_payload=False),
        ],
    )

    assert sent(qdrant, "POST", "/query/batch") == ours
    lexical = {point.id: point.score for point in by_terms.points}
    assert {candidate.passage.content: candidate.similarity for candidate in found.values()} == {
        (point.payload or {})["content"]: point.score for point in by_meaning.points
    }
    assert found[LIDAR.content].lexical == lexical[str(LIDAR.id)]


async def test_the_alias_is_moved_by_the_same_request(
    index: QdrantIndex, official: AsyncQdrantClient, qdrant: QdrantShim, book: str
) -> None:
    await fill(index, [LIDAR], EMBEDDER, rebuild=True)
    await fill(index, [RADAR], EMBEDDER, rebuild=True)
    ours = sent(qdrant, "POST", "/collections/aliases")
    [searched] = [
        each.collection_name for each in (await official.get_aliases()).aliases if each.alias_name == book
    ]

    await official.update_collection_aliases(
        [
            models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=book)),
            models.CreateAliasOperation(
                create_alias=models.CreateAlias(collection_name=searched, alias_name=book)
            ),
        ]
    )

    assert sent(qdrant, "POST", "/collections/aliases") == ours


async def test_what_we_write_the_official_client_reads(
    index: QdrantIndex, official: AsyncQdrantClient, book: str
) -> None:
    await fill(index, [LIDAR, RADAR], EMBEDDER)

    described = await official.get_collection(book)
    [found] = await official.retrieve(book, [str(LIDAR.id)], with_vectors=True)

    assert described.points_count == 2
    assert described.config.metadata == {
        "embedding_model": "words",
        "embedding_dimensions": 64,
        "created_by": "ragspace",
    }
    assert found.payload == to_payload(LIDAR)
    assert isinstance(found.vector, dict)
    assert found.vector.keys() == {"dense", "terms"}


async def test_a_collection_with_one_unnamed_vector_is_searched_by_meaning(
    index: QdrantIndex, official: AsyncQdrantClient, book: str
) -> None:
    await official.create_collection(book, vectors_config=DENSE)
    vector = EMBEDDER.vector(OLD_PAYLOAD["content"])  # type: ignore[arg-type]
    await official.upsert(book, [models.PointStruct(id=7, vector=vector, payload=OLD_PAYLOAD)], wait=True)

    state = await index.state()
    found = await ask(index, "LiDAR measures distance", EMBEDDER)
    sample = await index.sample()

    assert state == IndexState(book, 1, 64, None, sparse=False)
    [candidate] = found.values()
    assert candidate.passage.heading_path == ("Sensors", "LiDAR")
    assert candidate.similarity == pytest.approx(1, abs=1e-5)
    assert candidate.lexical == 0
    assert sample is not None
    assert sample[1] == pytest.approx(vector, abs=1e-6)


async def test_a_collection_that_names_no_model_is_adopted_and_written_to(
    index: QdrantIndex, official: AsyncQdrantClient, book: str
) -> None:
    await official.create_collection(book, vectors_config=DENSE, metadata={"owner": "me"})
    vector = EMBEDDER.vector(OLD_PAYLOAD["content"])  # type: ignore[arg-type]
    await official.upsert(book, [models.PointStruct(id=7, vector=vector, payload=OLD_PAYLOAD)], wait=True)

    await index.adopt("words")
    writer = await index.begin("words", 64)
    known = await writer.known()
    await add(writer, [RADAR], EMBEDDER)
    await writer.remove(known)

    described = await official.get_collection(book)
    assert described.config.metadata == {"owner": "me", "embedding_model": "words"}
    assert list(known.values()) == [OLD_PAYLOAD["file_path"]]
    assert set(await ask(index, "measures", EMBEDDER)) == {RADAR.content}


async def test_an_alias_that_leads_to_a_collection_is_adopted_behind_it(
    index: QdrantIndex, official: AsyncQdrantClient, book: str
) -> None:
    real = f"{book}-v1"
    await official.create_collection(real, vectors_config=DENSE)
    await official.update_collection_aliases(
        [models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=real, alias_name=book))]
    )

    await index.adopt("words")

    assert (await index.state()).embedding_model == "words"


@pytest.mark.parametrize(
    ("sparse", "searched_by_terms"),
    [({"terms": TERMS}, True), ({"terms": models.SparseVectorParams()}, False), ({"bm25": TERMS}, False)],
)
async def test_a_named_vector_is_found_whatever_its_name_and_terms_only_where_they_are_ours(
    index: QdrantIndex,
    official: AsyncQdrantClient,
    book: str,
    sparse: dict[str, models.SparseVectorParams],
    searched_by_terms: bool,
) -> None:
    await official.create_collection(
        book,
        vectors_config={"text": DENSE},
        sparse_vectors_config=sparse,
        metadata={"embedding_model": "words"},
    )

    await fill(index, [LIDAR], EMBEDDER)

    assert (await index.state()).sparse is searched_by_terms
    assert set(await ask(index, "light", EMBEDDER)) == {LIDAR.content}


async def test_an_unnamed_vector_beside_terms_is_written_and_searched(
    index: QdrantIndex, official: AsyncQdrantClient, book: str
) -> None:
    await official.create_collection(
        book,
        vectors_config=DENSE,
        sparse_vectors_config={"terms": TERMS},
        metadata={"embedding_model": "words"},
    )

    await fill(index, [LIDAR], EMBEDDER)
    sample = await index.sample()

    assert (await ask(index, "light", EMBEDDER))[LIDAR.content].lexical > 0
    assert sample is not None
    assert sample[1] == pytest.approx(EMBEDDER.vector(LIDAR.text_to_embed), abs=1e-6)


async def test_a_distance_that_is_no_cosine_is_refused(
    index: QdrantIndex, official: AsyncQdrantClient, book: str
) -> None:
    vectors = models.VectorParams(size=64, distance=models.Distance.EUCLID)
    await official.create_collection(book, vectors_config=vectors)

    with pytest.raises(RetrievalUnavailable) as refused:
        await index.state()

    assert "Euclid" in refused.value.action
