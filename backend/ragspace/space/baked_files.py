"""Writes a ready index as text files, which `ragspace.retrieval.baked` reads."""

import base64
import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import orjson

from ragspace.documents.passage import Passage
from ragspace.models.protocols import Vector
from ragspace.retrieval.baked import INDEX, BakedIndex, packed, passages_file, vectors_file
from ragspace.retrieval.payload import from_payload, to_payload

LARGEST_FILE = 4_000_000
"""Bytes of one file of passages, roughly; that of their vectors is half as large."""

_STEP = struct.Struct("<e")


def bake(
    embedding_model: str, dimensions: int, entries: Iterable[tuple[Passage, Vector]]
) -> dict[str, bytes]:
    """The files, by name, of an index that holds `entries`; in whatever order they come, the same bytes."""
    lines = sorted(
        (passage.file, orjson.dumps(_essential(passage)), _line(vector)) for passage, vector in entries
    )
    per_file = max(1, LARGEST_FILE // (dimensions * 3))
    files: dict[str, bytes] = {}
    for number, start in enumerate(range(0, len(lines), per_file), 1):
        part = lines[start : start + per_file]
        files[passages_file(number)] = b"".join(payload + b"\n" for _, payload, _ in part)
        files[vectors_file(number)] = b"".join(vector + b"\n" for _, _, vector in part)
    digest = hashlib.sha256(f"{embedding_model}/{dimensions}".encode())
    for name, content in files.items():
        digest.update(b"\0" + name.encode() + b"\0" + content)
    index = BakedIndex(embedding_model, dimensions, len(lines), len(files) // 2, digest.hexdigest()[:32])
    return {INDEX: _told(index), **files}


def bake_vectors(embedding_model: str, vectors: Sequence[Vector], key: str) -> dict[str, bytes]:
    """The files, by name, of an index whose passages are read from the documents beside it, in this order."""
    index = BakedIndex(embedding_model, len(vectors[0]), len(vectors), 1, key)
    return {INDEX: _told(index), vectors_file(1): b"".join(_line(vector) + b"\n" for vector in vectors)}


def _told(index: BakedIndex) -> bytes:
    return orjson.dumps(asdict(index), option=orjson.OPT_INDENT_2) + b"\n"


def _essential(passage: Passage) -> dict[str, Any]:
    """The payload without what is derived from the rest of it when it is read."""
    payload = to_payload(passage)
    for name in ("page", "anchor", "section_depth", "part", "parts"):
        rest = {key: value for key, value in payload.items() if key != name}
        if from_payload(rest) == passage:
            payload = rest
    return payload


def _line(vector: Vector) -> bytes:
    form = packed(len(vector))
    # The step as it can be stored, rounded up, so that the largest component is not above 127 of them.
    [step] = _STEP.unpack(_STEP.pack(max(map(abs, vector)) / 127 * 1.001))
    return base64.b64encode(form.pack(step, *(round(value / step) if step else 0 for value in vector)))
