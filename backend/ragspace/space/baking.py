"""Ready indexes for the image: of the sample corpus, and of the developer's own documents."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from ragspace.documents.passage import Passage
from ragspace.documents.scope import Scope
from ragspace.errors import RagspaceError
from ragspace.models.protocols import Vector
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.ingest import IngestSummary, Progress
from ragspace.settings import Settings
from ragspace.space.baked_files import bake, bake_vectors


@dataclass(frozen=True, slots=True)
class BakedDocuments:
    """The files of the baked index by name, and what was read, kept and skipped for it."""

    files: dict[str, bytes]
    embedding_model: str
    passages: int
    summary: IngestSummary


async def bake_documents(settings: Settings, docs: Path, progress: Progress) -> BakedDocuments:
    """The index of the documents in `docs`, embedded with the model that `settings` choose.

    It is kept in the data directory, so that baking again embeds only what changed.

    Raises RagspaceError where no document could be read, and what `ingest` raises.
    """
    from ragspace.models.minilm import count_tokens
    from ragspace.parts import choose_embedder
    from ragspace.retrieval.ingest import ingest

    embedder = choose_embedder(settings)
    directory = settings.data_dir / "bundle"
    collection = f"{embedder.model}-{embedder.default_dimensions}".replace("/", "-")
    index = EdgeIndex(directory, collection)
    try:
        summary = await ingest([docs], index, embedder, count_tokens, progress=progress)
    finally:
        await asyncio.gather(index.close(), embedder.close())
    if summary.files == 0:
        raise RagspaceError("No document was read.", action="Name a folder that holds documents.")
    scope = Scope([docs])
    entries = [entry for entry in await _contents(directory, collection) if entry[0].file in scope]
    files = bake(embedder.model, embedder.default_dimensions, entries)
    return BakedDocuments(files, embedder.model, len(entries), summary)


async def bake_sample(settings: Settings) -> dict[str, bytes]:
    """The vectors of the sample corpus, for the built-in embedder."""
    from ragspace.models.minilm import MiniLMEmbedder, count_tokens
    from ragspace.retrieval import sample

    prepared = sample.prepared_sample_directory()
    # An installed package has no place of its own to write to.
    in_checkout = (prepared.parents[1] / "pyproject.toml").is_file()
    directory = prepared if in_checkout else settings.data_dir / "bundle"
    embedder = MiniLMEmbedder()
    try:
        await sample.prepare_sample(embedder, count_tokens, directory)
    finally:
        await embedder.close()
    vectors = {passage.id: vector for passage, vector in await _contents(directory, sample.COLLECTION)}
    passages = sample.read_passages(count_tokens)
    return bake_vectors(
        embedder.model, [vectors[each.id] for each in passages], sample.passages_key(passages)
    )


async def _contents(directory: Path, collection: str) -> list[tuple[Passage, Vector]]:
    index = EdgeIndex(directory, collection, read_only=True, in_memory=False)
    await index.open()
    try:
        return await index.contents()
    finally:
        await index.close()
