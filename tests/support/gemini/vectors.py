"""Embeddings without a model: texts that share words are near each other, others are not.

A text is a bag of hashed word stems, so the cosine of two texts tells how much vocabulary they share. As with
the real models, texts that share none are not at right angles: their cosine is about a half. The vectors of
two models have nothing to do with each other.
"""

import hashlib
import re
from collections import Counter
from functools import lru_cache

import numpy as np

_POSITIONS_PER_STEM = 8
_STEM_LENGTH = 6
_WORD = re.compile(r"\w+")
_STOP_WORDS = frozenset(
    _WORD.findall(
        "a an and are as at be by can do does for from has have how i in is it its of on or that the this to "
        "was what when where which who why will with you your"
    )
)
_FULL_DIMENSIONS = 3072
_CUT_LENGTH = 0.7
_BASELINE = 0.5


def vector_of(text: str, *, model: str, dimensions: int = _FULL_DIMENSIONS) -> list[float]:
    """The embedding of `text`, of `dimensions` floats.

    As `gemini-embedding-001` does, it returns unit length at its full 3072 dimensions only, so that a client
    which forgets to normalise is found out.
    """
    vector = np.zeros(dimensions)
    for stem, count in Counter(_stems(text)).items():
        for position, sign in _positions(model, stem):
            vector[position % dimensions] += sign * count
    vector /= np.linalg.norm(vector) or 1.0
    vector = np.sqrt(1 - _BASELINE) * vector + np.sqrt(_BASELINE / dimensions)
    vector /= np.linalg.norm(vector)
    cut = model == "gemini-embedding-001" and dimensions != _FULL_DIMENSIONS
    return [float(value) for value in vector * (_CUT_LENGTH if cut else 1.0)]


def _stems(text: str) -> list[str]:
    words = [word for word in _WORD.findall(text.lower()) if word not in _STOP_WORDS]
    return [word.removesuffix("s")[:_STEM_LENGTH] for word in words] or [text]


@lru_cache(maxsize=20_000)
def _positions(model: str, stem: str) -> tuple[tuple[int, int], ...]:
    digest = hashlib.blake2b(f"{model} {stem}".encode(), digest_size=4 * _POSITIONS_PER_STEM).digest()
    numbers = np.frombuffer(digest, dtype="<u4")
    return tuple((int(number) >> 1, 1 if number & 1 else -1) for number in numbers)
