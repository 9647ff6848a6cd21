"""One suite over both families: documents go in, questions find them, whatever stands behind the index."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ragspace.errors import ConfigurationError, RetrievalUnavailable
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.ingest import IngestSummary, ingest
from ragspace.retrieval.protocols import PassageIndex
from ragspace.retrieval.retriever import Retriever
from tests.support.embedding import WordEmbedder
from tests.support.indexing import Connect, add
from tests.support.passages import passage

LIDAR = "LiDAR measures distance with light."


def count_tokens(text: str) -> int:
    return len(text.split())


@pytest.fixture(params=["built-in", "qdrant"])
async def index(
    request: pytest.FixtureRequest, connect: Connect, tmp_path: Path
) -> AsyncIterator[PassageIndex]:
    if request.param == "built-in":
        chosen: PassageIndex = EdgeIndex(tmp_path / "data", "book")
    else:
        chosen = connect(follow_seconds=0.0)
    await chosen.open()
    yield chosen
    await chosen.close()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "lidar.md").write_text(f"# LiDAR\n\n{LIDAR}\n")
    (folder / "camera.md").write_text("# Camera\n\nSees colour.\n\n## Speed\n\nTakes 40 ms.\n")
    return folder


async def run(
    index: PassageIndex, folder: Path, embedder: WordEmbedder | None = None, *, rebuild: bool = False
) -> IngestSummary:
    return await ingest([folder], index, embedder or WordEmbedder(), count_tokens, rebuild=rebuild)


async def found(index: PassageIndex, question: str, embedder: WordEmbedder | None = None) -> list[str]:
    retriever = Retriever(index, embedder or WordEmbedder())
    await retriever.prepare()
    return [each.passage.content for each in (await retriever.retrieve(question, limit=3)).passages]


async def test_an_index_without_documents_says_so(index: PassageIndex) -> None:
    with pytest.raises(RetrievalUnavailable) as raised:
        await Retriever(index, WordEmbedder()).prepare()

    assert (raised.value.service, raised.value.reason) == ("qdrant", "collection_missing")
    assert "ragspace ingest PATH" in raised.value.action


async def test_a_question_finds_the_passage_that_answers_it(index: PassageIndex, docs: Path) -> None:
    summary = await run(index, docs)

    assert (summary.files, summary.embedded, summary.removed) == (2, 3, 0)
    assert (await found(index, "Which one measures distance with light?"))[0] == LIDAR
    assert (await index.state()).passages == 3


async def test_running_it_again_embeds_nothing(index: PassageIndex, docs: Path) -> None:
    await run(index, docs)
    again = WordEmbedder()

    summary = await run(index, docs, again)

    assert (summary.embedded, summary.kept, summary.removed) == (0, 3, 0)
    assert again.texts == []


async def test_what_is_gone_is_no_longer_found(index: PassageIndex, docs: Path) -> None:
    await run(index, docs)
    (docs / "lidar.md").unlink()

    assert (await run(index, docs)).removed == 1

    assert LIDAR not in await found(index, "Which one measures distance with light?")


async def test_an_interrupted_run_is_gone_on_with(index: PassageIndex, docs: Path) -> None:
    await run(index, docs)
    writer = await index.begin("words", 64)
    later = passage("later", file="docs/later.md", heading="Later")
    await add(writer, [later], WordEmbedder())
    await writer.close()

    writer = await index.begin("words", 64)
    assert (await writer.known())[later.id] == "docs/later.md"
    await writer.close()


async def test_another_model_of_the_same_dimensions_is_refused_and_a_rebuild_mends_it(
    index: PassageIndex, docs: Path
) -> None:
    await run(index, docs)
    other = WordEmbedder("other words")
    with pytest.raises(RetrievalUnavailable) as raised:
        await Retriever(index, other).prepare()
    assert raised.value.reason == "embedding_model_mismatch"
    with pytest.raises(ConfigurationError) as refused:
        await run(index, docs, other)
    assert "ragspace ingest --rebuild" in refused.value.action

    assert (await run(index, docs, other, rebuild=True)).embedded == 3

    assert (await found(index, "Which one measures distance with light?", other))[0] == LIDAR
    assert (await index.state()).embedding_model == "other words"


async def test_a_rebuild_that_is_not_finished_leaves_the_chat_as_it_was(
    index: PassageIndex, docs: Path
) -> None:
    await run(index, docs)
    writer = await index.begin("other words", 64, rebuild=True)
    await add(writer, [passage("new")], WordEmbedder("other words"))
    await writer.close()

    assert (await found(index, "Which one measures distance with light?"))[0] == LIDAR


async def test_a_follow_up_finds_what_it_means(index: PassageIndex, docs: Path) -> None:
    await run(index, docs)
    retriever = Retriever(index, WordEmbedder())

    answer = await retriever.retrieve("and how fast is it?", previous=["What is the Camera Speed?"], limit=1)

    assert [each.passage.content for each in answer.passages] == ["Takes 40 ms."]


async def test_a_list_comes_with_the_sentence_that_introduces_it(index: PassageIndex, docs: Path) -> None:
    filler = "\n\n".join(f"Of number {number} there is nothing to tell at all." for number in range(40))
    items = "\n".join(
        f"- `SECRET_{number}` opens the door number {number} and no other" for number in range(30)
    )
    (docs / "secrets.md").write_text(f"# Secrets\n\n{filler}\n\nThese secrets are needed:\n\n{items}\n")
    await run(index, docs)
    retriever = Retriever(index, WordEmbedder())

    [found] = (await retriever.retrieve("secret_0 opens door", limit=1)).passages

    assert "`SECRET_0` opens" in found.matched.content
    assert "These secrets are needed:" in found.passage.content
    assert found.passage.anchor == found.matched.anchor == "secrets"
