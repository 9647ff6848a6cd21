"""A ready index as text files: what a bundle carries, and what a process fills its built-in index from.

<directory>/
    index.json              what it was made with
    passages-0001.jsonl     the passages' payloads, a line each
    vectors-0001.txt        their vectors, a line each, in base64: a step as little-endian 16-bit float,
                            then every component in steps, as signed bytes

Not the engine's own files: they reserve 100 MB where they use one, and a layer of an image has no holes.
Text, because a Space's repository takes no binary file, and no text of more than 10 MB, without its
large-file storage. A vector in steps has a cosine of over 0.9999 to the exact one.
"""

import asyncio
import base64
import logging
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Self

import orjson

from ragspace.documents.passage import Passage
from ragspace.errors import ConfigurationError
from ragspace.models.protocols import Vector
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.payload import from_payload
from ragspace.retrieval.protocols import SparseVector
from ragspace.retrieval.terms import index_terms

log = logging.getLogger(__name__)

INDEX = "index.json"

BATCH = 256
"""Passages handed to the engine at a time."""


@dataclass(frozen=True, slots=True)
class BakedIndex:
    """What `index.json` says. `key` names what the files were made from."""

    embedding_model: str
    dimensions: int
    passages: int
    files: int
    key: str

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Raises ConfigurationError where it is missing or damaged."""
        try:
            return cls(**orjson.loads((directory / INDEX).read_bytes()))
        except (OSError, ValueError, TypeError):
            raise _damaged() from None


async def load_baked(index: EdgeIndex, directory: Path) -> bool:
    """Fill an index that holds nothing, or what another image brought along, from the files in `directory`.

    True where those are what will be searched; False where there are documents of the user's own, or where
    another process is about to write some. Takes a quarter of a second per 1,000 passages, in threads.

    Raises ConfigurationError where the files are missing or damaged, and what the index raises.
    """
    baked = await asyncio.to_thread(BakedIndex.read, directory)
    await index.open()
    present = index.generation
    if present is not None and present.manifest.key is None:
        return False
    if present is not None and present.manifest.key == baked.key:
        return True
    try:
        writer = await index.begin_shipped(baked.embedding_model, baked.dimensions, baked.key, sample=False)
    except ConfigurationError as error:
        log.info("the baked index is not loaded: %s", error.message)
        return False
    try:
        batches = _batches(baked, directory)
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            await writer.add(*batch)
        await writer.publish()
    except (OSError, ValueError):
        raise _damaged() from None
    finally:
        await writer.close()
    await index.refresh()
    return True


Batch = tuple[list[Passage], list[Vector], list[SparseVector]]


def _batches(baked: BakedIndex, directory: Path) -> Iterator[Batch]:
    for number in range(1, baked.files + 1):
        payloads = (directory / passages_file(number)).read_bytes().splitlines()
        vectors = read_vectors(directory, number, baked.dimensions)
        for start in range(0, len(payloads), BATCH):
            chosen = slice(start, start + BATCH)
            passages = [from_payload(orjson.loads(line)) for line in payloads[chosen]]
            yield (
                passages,
                list(islice(vectors, len(passages))),
                [index_terms(passage) for passage in passages],
            )


def read_vectors(directory: Path, number: int, dimensions: int) -> Iterator[Vector]:
    """Those of the file of that number, in its order. Raises ConfigurationError where it is missing or
    damaged."""
    form = packed(dimensions)
    try:
        for line in (directory / vectors_file(number)).read_bytes().splitlines():
            step, *components = form.unpack(base64.b64decode(line))
            yield [component * step for component in components]
    except (OSError, ValueError, struct.error):
        raise _damaged() from None


def packed(dimensions: int) -> struct.Struct:
    return struct.Struct(f"<e{dimensions}b")


def passages_file(number: int) -> str:
    return f"passages-{number:04}.jsonl"


def vectors_file(number: int) -> str:
    return f"vectors-{number:04}.txt"


def _damaged() -> ConfigurationError:
    return ConfigurationError(
        "The index that was baked into this image is missing or damaged.",
        action="Make the image anew: ragspace bundle --docs DIR, or ragspace deploy OWNER/NAME --docs DIR.",
    )
