"""The sample corpus: the project's own documentation, so that a first start has something to answer from.

An image has its vectors baked in; in a checkout its index is prepared once. They are taken at the start where
they were made from the same text by the same code and the same model; else it is embedded then.
"""

import asyncio
import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import ragspace
from ragspace.documents.passage import CountTokens, Passage
from ragspace.errors import ConfigurationError
from ragspace.models.protocols import Embedder
from ragspace.retrieval.baked import BakedIndex, read_vectors
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.generations import Generation, Generations
from ragspace.retrieval.locks import FileLock
from ragspace.retrieval.terms import index_terms

if TYPE_CHECKING:
    from ragspace.documents.reader import Document, SkippedFile

log = logging.getLogger(__name__)

COLLECTION = "sample"
README = "README.md"
GUIDE = "huggingface-spaces/DEPLOYMENT.md"
BAKED = "baked_sample"
"""The directory in the package that holds the vectors of the documents beside it, in an image."""
FOR_DEVELOPERS = frozenset({"architecture.md", "evaluation.md", "requirements.md"})
"""How the project is made answers no reader's question."""

_PACKAGE = Path(ragspace.__file__).parent
_CHECKOUT = _PACKAGE.parents[1]
_MAKING = ("documents/**/*.py", "retrieval/terms.py", "retrieval/payload.py", "retrieval/engine.py")
"""The code that decides what becomes of a document."""


def sample_root() -> Path:
    """The checkout that the package runs from, else the directory of the documents packed with it."""
    packed = _PACKAGE / "sample_docs"
    return packed if packed.is_dir() else _CHECKOUT


def sample_documents() -> list[Path]:
    """README.md, the deployment guide and docs/*.md, below `sample_root`."""
    root = sample_root()
    docs = [file for file in sorted((root / "docs").glob("*.md")) if file.name not in FOR_DEVELOPERS]
    files = [root / README, root / GUIDE, *docs]
    return [file for file in files if file.is_file()]


def prepared_sample_directory() -> Path:
    """Where the prepared index of the sample corpus lies in a checkout, if it was made."""
    return _CHECKOUT / "build" / "sample-index"


def sample_key(embedder: Embedder) -> str:
    """Names what the index of the sample corpus is made from: the documents, the code and the model."""
    digest = hashlib.sha256(f"{embedder.model}/{embedder.default_dimensions}".encode())
    code = [file for pattern in _MAKING for file in sorted(_PACKAGE.glob(pattern))]
    for file in (*sample_documents(), *code):
        digest.update(b"\0" + file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def read_passages(count_tokens: CountTokens) -> list[Passage]:
    """Those of the sample documents, in an order that does not depend on where they lie."""
    from ragspace.documents.reader import Document

    read = _documents(sample_documents(), count_tokens)
    documents = [document for document in read if isinstance(document, Document)]
    by_id = {each.id: each for document in documents for each in document.passages}
    return [by_id[each] for each in sorted(by_id)]


def passages_key(passages: Sequence[Passage]) -> str:
    """Names these passages in this order."""
    return hashlib.sha256(b"".join(each.id.bytes for each in passages)).hexdigest()


async def prepare_sample(
    embedder: Embedder, count_tokens: CountTokens, directory: Path | None = None
) -> None:
    """Make the prepared index, where it is missing or was made from something else; in `directory` or, by
    default, where a checkout has it. Where another process is making it, its end is waited for."""
    directory = directory or prepared_sample_directory()
    key = await asyncio.to_thread(sample_key, embedder)
    lock = await asyncio.to_thread(_alone, directory)
    index = EdgeIndex(directory, COLLECTION)
    try:
        prepared = _prepared(directory)
        if prepared is None or prepared.manifest.key != key:
            await _embed(index, embedder, count_tokens, key)
    finally:
        lock.release()
        await index.close()


async def load_sample(index: EdgeIndex, embedder: Embedder, count_tokens: CountTokens) -> bool:
    """Fill an index that holds nothing, or an outdated sample, with the sample corpus.

    True where the sample corpus is what will be searched; False where there are documents of the user's own,
    where another process is about to write some, or where there is no sample corpus.

    Raises what the embedder and the index raise.
    """
    await index.open()
    present = index.generation
    if (present is not None and present.manifest.key is None) or not sample_documents():
        return False
    key = await asyncio.to_thread(sample_key, embedder)
    if present is not None and present.manifest.key == key:
        return True
    prepared = _prepared(prepared_sample_directory())
    try:
        if prepared is not None and prepared.manifest.key == key:
            await index.install(prepared)
        elif not await _load_baked(index, embedder, count_tokens, key):
            await _embed(index, embedder, count_tokens, key)
    except ConfigurationError as error:
        log.info("the sample corpus is not loaded: %s", error.message)
        return False
    await index.refresh()
    return True


async def _load_baked(index: EdgeIndex, embedder: Embedder, count_tokens: CountTokens, key: str) -> bool:
    """Whether there are baked vectors of these passages, by this model.

    Reading the documents takes a fraction of what embedding them would.
    """
    directory = _PACKAGE / BAKED
    baked = await asyncio.to_thread(BakedIndex.read, directory) if directory.is_dir() else None
    made = (embedder.model, embedder.default_dimensions)
    if baked is None or (baked.embedding_model, baked.dimensions) != made:
        return False
    passages = await asyncio.to_thread(read_passages, count_tokens)
    if baked.key != passages_key(passages):
        return False
    writer = await index.begin_shipped(*made, key, sample=True)
    try:
        vectors = await asyncio.to_thread(list, read_vectors(directory, 1, baked.dimensions))
        terms = await asyncio.to_thread(list, map(index_terms, passages))
        await writer.add(passages, vectors, terms)
        await writer.publish()
    finally:
        await writer.close()
    return True


def _alone(directory: Path) -> FileLock:
    directory.mkdir(parents=True, exist_ok=True)
    return FileLock.wait(directory / "preparing.lock")


def _prepared(directory: Path) -> Generation | None:
    try:
        return Generations(directory / COLLECTION).current()
    except (OSError, ValueError):
        return None


async def _embed(index: EdgeIndex, embedder: Embedder, count_tokens: CountTokens, key: str) -> None:
    from ragspace.documents.scope import Scope
    from ragspace.retrieval.ingest import IngestRun

    paths = sample_documents()
    dimensions = embedder.default_dimensions
    writer = await index.begin_shipped(embedder.model, dimensions, key, sample=True)
    try:
        run = IngestRun(index.collection, Scope(paths), embedder)
        await run.write(_documents(paths, count_tokens), await writer.known(), writer, dimensions)
        await writer.publish()
    finally:
        await writer.close()


def _documents(paths: Sequence[Path], count_tokens: CountTokens) -> "Iterator[Document | SkippedFile]":
    """The README would be named after the folder that the checkout happens to lie in."""
    from ragspace.documents.reader import Document, read_documents

    for document in read_documents(paths, count_tokens):
        if isinstance(document, Document) and document.file.endswith(f"/{README}"):
            passages = [replace(each, file=README, page="README") for each in document.passages]
            yield replace(document, file=README, passages=passages)
        else:
            yield document
