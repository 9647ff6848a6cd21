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
import hashlib
import logging
import struct
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from ragspace.documents.passage import Passage
from ragspace.errors import ConfigurationError
from ragspace.models.protocols import Vector
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.payload import from_payload, to_payload
from ragspace.retrieval.protocols import SparseVector
from ragspace.retrieval.terms import index_terms

log = logging.getLogger(__name__)

INDEX = "index.json"

LARGEST_FILE = 4_000_000
"""Bytes of one file of passages, roughly; that of their vectors is half as large."""

_STEP = struct.Struct("<e")

BATCH = 256
"""Passages handed to the engine at a time."""


@dataclass(frozen=True, slots=True)
class BakedIndex:
    """What `index.json` says. `key` is derived from all that the files hold; `sample` marks the sample
    corpus."""

    embedding_model: str
    dimensions: int
    passages: int
    files: int
    sample: bool
    key: str

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Raises ConfigurationError where it is missing or damaged."""
        try:
            return cls(**orjson.loads((directory / INDEX).read_bytes()))
        except (OSError, ValueError, TypeError):
            raise _damaged() from None


def bake(
    embedding_model: str, dimensions: int, entries: Iterable[tuple[Passage, Vector]], *, sample: bool = False
) -> dict[str, bytes]:
    """The files, by name, of an index that holds `entries`; in whatever order they come, the same bytes."""
    lines = sorted(
        (passage.file, orjson.dumps(_essential(passage)), _line(vector)) for passage, vector in entries
    )
    per_file = max(1, LARGEST_FILE // (dimensions * 3))
    files: dict[str, bytes] = {}
    for number, start in enumerate(range(0, len(lines), per_file), 1):
        part = lines[start : start + per_file]
        files[_passages(number)] = b"".join(payload + b"\n" for _, payload, _ in part)
        files[_vectors(number)] = b"".join(vector + b"\n" for _, _, vector in part)
    digest = hashlib.sha256(f"{embedding_model}/{dimensions}".encode())
    for name, content in files.items():
        digest.update(b"\0" + name.encode() + b"\0" + content)
    index = BakedIndex(
        embedding_model, dimensions, len(lines), len(files) // 2, sample, digest.hexdigest()[:32]
    )
    return {INDEX: orjson.dumps(asdict(index), option=orjson.OPT_INDENT_2) + b"\n", **files}


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
        writer = await index.begin_shipped(baked.embedding_model, baked.dimensions, baked.key, baked.sample)
    except ConfigurationError as error:
        log.info("the baked index is not loaded: %s", error.message)
        return False
    try:
        batches = _batches(baked, directory)
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            await writer.add(*batch)
        await writer.publish()
    except (OSError, ValueError, struct.error):
        raise _damaged() from None
    finally:
        await writer.close()
    await index.refresh()
    return True


Batch = tuple[list[Passage], list[Vector], list[SparseVector]]


def _batches(baked: BakedIndex, directory: Path) -> Iterator[Batch]:
    packed = _packed(baked.dimensions)
    for number in range(1, baked.files + 1):
        payloads = (directory / _passages(number)).read_bytes().splitlines()
        vectors = (directory / _vectors(number)).read_bytes().splitlines()
        for start in range(0, len(payloads), BATCH):
            chosen = slice(start, start + BATCH)
            passages = [from_payload(orjson.loads(line)) for line in payloads[chosen]]
            yield (
                passages,
                [_vector(packed, line) for line in vectors[chosen]],
                [index_terms(passage) for passage in passages],
            )


def _essential(passage: Passage) -> dict[str, Any]:
    """The payload without what is derived from the rest of it when it is read."""
    payload = to_payload(passage)
    for name in ("page", "anchor", "section_depth", "part", "parts"):
        rest = {key: value for key, value in payload.items() if key != name}
        if from_payload(rest) == passage:
            payload = rest
    return payload


def _packed(dimensions: int) -> struct.Struct:
    return struct.Struct(f"<e{dimensions}b")


def _line(vector: Vector) -> bytes:
    packed = _packed(len(vector))
    # The step as it can be stored, rounded up, so that the largest component is not above 127 of them.
    [step] = _STEP.unpack(_STEP.pack(max(map(abs, vector)) / 127 * 1.001))
    return base64.b64encode(packed.pack(step, *(round(value / step) if step else 0 for value in vector)))


def _vector(packed: struct.Struct, line: bytes) -> Vector:
    step, *components = packed.unpack(base64.b64decode(line))
    return [component * step for component in components]


def _passages(number: int) -> str:
    return f"passages-{number:04}.jsonl"


def _vectors(number: int) -> str:
    return f"vectors-{number:04}.txt"


def _damaged() -> ConfigurationError:
    return ConfigurationError(
        "The index that was baked into this image is missing or damaged.",
        action="Make the image anew: ragspace bundle --docs DIR, or ragspace deploy OWNER/NAME --docs DIR.",
    )
