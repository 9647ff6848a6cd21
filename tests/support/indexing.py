"""Passages into any index, and questions to it, with vectors that cost nothing."""

from collections.abc import Callable, Sequence

from ragspace.documents.passage import Passage
from ragspace.retrieval.protocols import Candidate, IndexWriter, PassageIndex
from ragspace.retrieval.qdrant import QdrantIndex
from ragspace.retrieval.terms import index_terms, question_terms
from tests.support.embedding import WordEmbedder

Connect = Callable[..., QdrantIndex]
"""Makes another program's index over the shim (the fixture `connect`)."""


async def add(writer: IndexWriter, passages: Sequence[Passage], embedder: WordEmbedder) -> None:
    texts = [passage.text_to_embed for passage in passages]
    terms = [index_terms(each) for each in passages]
    await writer.add(passages, [embedder.vector(text) for text in texts], terms)


async def fill(
    index: PassageIndex,
    passages: Sequence[Passage],
    embedder: WordEmbedder,
    *,
    rebuild: bool = False,
    drop_old: bool = False,
) -> None:
    """One whole run of `ingest` that adds `passages`."""
    writer = await index.begin(embedder.model, embedder.default_dimensions, rebuild=rebuild)
    try:
        await add(writer, passages, embedder)
        await writer.publish(drop_old=drop_old)
    finally:
        await writer.close()


async def ask(
    index: PassageIndex, question: str, embedder: WordEmbedder, limit: int = 10
) -> dict[str, Candidate]:
    """What the index finds, by content."""
    found = await index.search(embedder.vector(question), question_terms(question), limit)
    return {candidate.passage.content: candidate for candidate in found.ranked}
