"""A deterministic embedder that costs nothing: texts that share words are near each other."""

import math
import random
import re
from array import array
from collections.abc import Sequence
from functools import cache

from ragspace.models.protocols import Purpose, Vector


@cache
def _direction(word: str, dimensions: int, model: str) -> tuple[float, ...]:
    chance = random.Random(f"{model}/{word}")
    return tuple(chance.gauss(0, 1) for _ in range(dimensions))


class WordEmbedder:
    """An Embedder: the sum of one random direction per word. `texts` is all that it was asked to embed."""

    def __init__(self, model: str = "words", dimensions: int = 64) -> None:
        self.model = model
        self.default_dimensions = dimensions
        self.texts: list[str] = []

    async def open(self) -> None: ...

    async def check(self) -> None: ...

    async def close(self) -> None: ...

    async def embed(self, texts: Sequence[str], *, purpose: Purpose, dimensions: int) -> list[Vector]:
        self.texts += texts
        return [self.vector(text, dimensions) for text in texts]

    def vector(self, text: str, dimensions: int | None = None) -> Vector:
        """In single precision, as models have theirs."""
        size = dimensions or self.default_dimensions
        words = re.findall(r"\w+", text.lower()) or [""]
        total = [
            math.fsum(column)
            for column in zip(*(_direction(w, size, self.model) for w in words), strict=True)
        ]
        norm = math.sqrt(math.fsum(value * value for value in total))
        return array("f", (value / norm for value in total)).tolist()
