"""The index that a set of questions is asked of: the configured one, or one of given documents."""

import hashlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ragspace.evaluation.docs_qa import CORPUS, read_docs_qa, resolved, write_documents
from ragspace.evaluation.questions import Question, read_questions
from ragspace.parts import built_in_index, choose_embedder, choose_index
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.protocols import PassageIndex
from ragspace.retrieval.retriever import Retriever
from ragspace.settings import Settings


@asynccontextmanager
async def opened(
    settings: Settings, file: Path, docs: Sequence[Path] = ()
) -> AsyncIterator[tuple[Retriever, list[Question]]]:
    """A retriever over `docs` or, without, over what the settings name; and the questions in `file`.

    The index of `docs` is kept in the data directory, so that only what changed is embedded the next time.
    A `.json` file is one of docs-qa; so is a document `corpus.json`.

    Raises RagspaceError for files that cannot be used, and what opening an index or `ingest` raises.
    """
    benchmark = file.suffix == ".json"
    questions = read_docs_qa(file) if benchmark else read_questions(file)
    if benchmark and not docs:
        docs = [file.with_name(CORPUS)]
    embedder = choose_embedder(settings)
    try:
        with tempfile.TemporaryDirectory(prefix="ragspace-") as directory:
            if len(docs) == 1 and docs[0].name == CORPUS:
                questions = resolved(questions, write_documents(docs[0], Path(directory)))
                docs = [Path(directory) / "docs"]
            index = await _indexed(settings, file, docs) if docs else await _configured(settings)
        try:
            await index.open()
            retriever = Retriever(index, embedder, reader_decides=settings.generation != "extractive")
            await retriever.prepare()
            yield retriever, questions
        finally:
            await index.close()
    finally:
        await embedder.close()


async def _configured(settings: Settings) -> PassageIndex:
    """A copy of a built-in index is opened, since a server that runs keeps the index itself; where there is
    none, the sample corpus is asked."""
    index = choose_index(settings)
    if not isinstance(index, EdgeIndex):
        return index
    copy = built_in_index(settings, settings.data_dir / "index", index.collection, read_only=True)
    await copy.open()
    if copy.generation is not None:
        return copy
    from ragspace.models.minilm import MiniLMEmbedder, count_tokens
    from ragspace.retrieval.sample import load_sample

    await copy.close()
    sample, embedder = built_in_index(settings, settings.data_dir / "evaluation", "sample"), MiniLMEmbedder()
    await load_sample(sample, embedder, count_tokens)
    await embedder.close()
    return sample


async def _indexed(settings: Settings, file: Path, docs: Sequence[Path]) -> EdgeIndex:
    from ragspace.models.minilm import count_tokens
    from ragspace.retrieval.ingest import ingest

    embedder = choose_embedder(settings)
    name = hashlib.sha256(f"{file}/{embedder.model}".encode()).hexdigest()[:16]
    index = built_in_index(settings, settings.data_dir / "evaluation", name)
    try:
        await ingest(docs, index, embedder, count_tokens)
    finally:
        await embedder.close()
    return index
