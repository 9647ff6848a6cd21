"""An embedder whose vectors cost next to nothing, where what is measured is everything but the model."""

import re
import time
import zlib
from collections.abc import Sequence

from ragspace.models.protocols import Purpose, Vector

DIMENSIONS = 384

_WORDS = 4096


class SeededEmbedder:
    """An Embedder: the sum of one seeded direction for each word of a text, so that texts that share words
    are near each other, as a model's are. `embedded` counts the texts, `seconds` is what they took."""

    model = "seeded"
    default_dimensions = DIMENSIONS

    def __init__(self) -> None:
        import numpy as np

        self._directions = np.random.default_rng(1).standard_normal((_WORDS, DIMENSIONS), dtype=np.float32)
        self.embedded = 0
        self.seconds = 0.0

    async def open(self) -> None: ...

    async def check(self) -> None: ...

    async def close(self) -> None: ...

    async def embed(self, texts: Sequence[str], *, purpose: Purpose, dimensions: int) -> list[Vector]:
        started = time.perf_counter()
        vectors = [self._vector(text) for text in texts]
        self.embedded += len(texts)
        self.seconds += time.perf_counter() - started
        return vectors

    def _vector(self, text: str) -> Vector:
        import numpy as np

        words = [zlib.crc32(word.encode()) % _WORDS for word in re.findall(r"\w+", text.lower())] or [0]
        total = self._directions[words].sum(axis=0)
        vector: Vector = (total / np.linalg.norm(total)).tolist()
        return vector
