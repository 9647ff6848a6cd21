"""Over the real built-in index and an embedder of which it is known what is near to what."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ragspace.documents.passage import Passage
from ragspace.errors import RetrievalUnavailable
from ragspace.models.protocols import Purpose, Vector
from ragspace.models.query_cache import REMEMBERED_QUESTIONS
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.retriever import Retrieval, Retriever
from tests.support.embedding import WordEmbedder
from tests.support.indexing import fill
from tests.support.passages import passage

PASSAGES = [
    passage("A lidar sensor measures distance with light.", heading="Lidar", file="docs/lidar.md"),
    passage("The lidar sensor is fast and needs 12 ms.", heading="Lidar speed", file="docs/lidar.md"),
    passage("A camera sensor sees colour.", heading="Camera", file="docs/camera.md"),
    passage("The camera is slow and needs 40 ms.", heading="Camera speed", file="docs/camera.md"),
    passage("Deploy the robot with one command.", heading="Deploy", file="docs/deploy.md"),
]


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture
async def index(tmp_path: Path) -> AsyncIterator[EdgeIndex]:
    opened = EdgeIndex(tmp_path, "docs")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def retriever(index: EdgeIndex, embedder: WordEmbedder) -> Retriever:
    await fill(index, PASSAGES, WordEmbedder())
    return Retriever(index, embedder)


def headings(retrieval: Retrieval) -> list[str]:
    return [found.passage.heading for found in retrieval.passages]


async def test_the_passages_that_answer_come_first(retriever: Retriever) -> None:
    found = await retriever.retrieve("How does a lidar sensor measure distance?", limit=2)

    assert headings(found)[0] == "Lidar"
    assert len(found.passages) == 2
    assert all(0.0 <= each.similarity <= 1.0 for each in found.passages)
    assert found.suggestions == ()


async def test_where_nothing_fits_the_nearest_headings_are_suggested(retriever: Retriever) -> None:
    found = await retriever.retrieve("Who won the football cup in Berlin?", limit=5)

    assert found.passages == ()
    assert len({suggestion.heading for suggestion in found.suggestions}) == 3


async def test_a_follow_up_finds_what_it_means(retriever: Retriever) -> None:
    about_camera = await retriever.retrieve(
        "and how fast is it?", previous=["What is a camera sensor?"], limit=2
    )
    about_lidar = await retriever.retrieve(
        "and how fast is it?", previous=["What is a lidar sensor?"], limit=2
    )

    assert any("Camera" in heading for heading in headings(about_camera))
    assert any("Lidar" in heading for heading in headings(about_lidar))


async def test_a_new_subject_is_not_drowned_by_what_was_said_before(retriever: Retriever) -> None:
    previous = ["What is a lidar sensor?", "and how fast is it?"]

    found = await retriever.retrieve("How do I deploy the robot?", previous=previous, limit=3)

    assert headings(found)[0] == "Deploy"


async def test_a_foreign_follow_up_is_not_answered_with_what_was_said_before(retriever: Retriever) -> None:
    found = await retriever.retrieve(
        "and who won the football cup?", previous=["What is a lidar sensor?"], limit=3
    )

    assert found.passages == ()


async def test_a_question_is_embedded_once(retriever: Retriever, embedder: WordEmbedder) -> None:
    for _ in range(3):
        await retriever.retrieve("What is a lidar sensor?", limit=2)

    assert embedder.texts == ["What is a lidar sensor?"]


async def test_only_the_latest_questions_are_remembered(retriever: Retriever, embedder: WordEmbedder) -> None:
    for number in range(REMEMBERED_QUESTIONS + 1):
        await retriever.retrieve(f"Which lidar has number {number}?", limit=1)
    await retriever.retrieve("Which lidar has number 0?", limit=1)
    await retriever.retrieve(f"Which lidar has number {REMEMBERED_QUESTIONS}?", limit=1)

    assert embedder.texts.count("Which lidar has number 0?") == 2
    assert embedder.texts.count(f"Which lidar has number {REMEMBERED_QUESTIONS}?") == 1


class Held(WordEmbedder):
    """An embedder that keeps whoever asks for a question in its context waiting until `gate` opens."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def embed(self, texts: Sequence[str], *, purpose: Purpose, dimensions: int) -> list[Vector]:
        if any("\n" in text for text in texts):
            await self.gate.wait()
        return await super().embed(texts, purpose=purpose, dimensions=dimensions)


async def test_a_vector_that_is_forgotten_while_its_question_waits_for_another_is_still_used(
    index: EdgeIndex,
) -> None:
    await fill(index, PASSAGES, WordEmbedder())
    embedder = Held()
    retriever = Retriever(index, embedder)
    await retriever.retrieve("and how fast is it?", limit=1)
    follow_up = asyncio.create_task(
        retriever.retrieve("and how fast is it?", previous=["What is a lidar sensor?"], limit=1)
    )
    for number in range(REMEMBERED_QUESTIONS + 1):
        await retriever.retrieve(f"Which lidar has number {number}?", limit=1)
    embedder.gate.set()

    assert headings(await follow_up) == ["Lidar speed"]


async def test_a_question_is_refused_for_the_reason_that_the_preparation_failed(index: EdgeIndex) -> None:
    await fill(index, PASSAGES, WordEmbedder("other words"))
    retriever = Retriever(index, WordEmbedder())
    with pytest.raises(RetrievalUnavailable):
        await retriever.prepare()

    for _ in range(2):
        with pytest.raises(RetrievalUnavailable) as raised:
            await retriever.retrieve("What is a lidar sensor?", limit=2)
        assert raised.value.reason == "embedding_model_mismatch"
    assert retriever.index_state is None


async def test_documents_that_come_later_are_found_after_the_next_preparation(index: EdgeIndex) -> None:
    retriever = Retriever(index, WordEmbedder())
    with pytest.raises(RetrievalUnavailable):
        await retriever.prepare()
    await fill(index, PASSAGES, WordEmbedder())

    assert (await retriever.prepare()).passages == len(PASSAGES)
    assert headings(await retriever.retrieve("What is a lidar sensor?", limit=1)) == ["Lidar"]
    assert retriever.index_state == await index.state()


async def test_a_collection_built_anew_with_another_model_is_no_longer_asked(
    index: EdgeIndex, retriever: Retriever
) -> None:
    await retriever.prepare()
    await fill(index, PASSAGES, WordEmbedder("other words"), rebuild=True)
    with pytest.raises(RetrievalUnavailable):
        await retriever.prepare()

    with pytest.raises(RetrievalUnavailable) as raised:
        await retriever.retrieve("What is a lidar sensor?", limit=1)

    assert raised.value.reason == "embedding_model_mismatch"


class Unsteady(EdgeIndex):
    """An index that can be made to look as if its server were away."""

    away = False

    async def state(self):  # type: ignore[no-untyped-def]
        if self.away:
            raise RetrievalUnavailable(service="qdrant", reason="unreachable")
        return await super().state()


async def test_after_an_outage_the_next_question_tries_the_index_itself(tmp_path: Path) -> None:
    index = Unsteady(tmp_path, "docs")
    await fill(index, PASSAGES, WordEmbedder())
    retriever = Retriever(index, WordEmbedder())
    await retriever.prepare()
    index.away = True
    with pytest.raises(RetrievalUnavailable):
        await retriever.prepare()

    assert headings(await retriever.retrieve("What is a lidar sensor?", limit=1)) == ["Lidar"]
    await index.close()


async def test_where_the_neighbours_cannot_be_fetched_the_passage_comes_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = EdgeIndex(tmp_path, "docs", in_memory=False)
    split = [
        replace(passage(text, heading="Lidar", part=part), parts=9, section="of nine")
        for part, text in enumerate(("A lidar sensor measures distance.", "It turns."), start=1)
    ]
    await fill(index, split, WordEmbedder())

    async def fails(ids: object) -> list[Passage]:
        raise RetrievalUnavailable(service="qdrant", reason="timeout")

    monkeypatch.setattr(index, "passages", fails)
    found = await Retriever(index, WordEmbedder()).retrieve("What is a lidar sensor?", limit=1)

    assert "A lidar sensor measures distance." in found.passages[0].passage.content
    await index.close()


async def test_what_is_in_doubt_is_given_to_a_reader_who_decides_and_to_nobody_else(
    index: EdgeIndex, embedder: WordEmbedder
) -> None:
    await fill(index, PASSAGES, WordEmbedder())
    question = "Which camera sensor suits nights?"

    strict = await Retriever(index, embedder).retrieve(question, limit=3)
    checked = await Retriever(index, embedder, reader_decides=True).retrieve(question, limit=3)

    assert strict.passages == ()
    assert strict.suggestions
    assert checked.passages
    assert checked.doubtful
