"""Vectors of questions, kept: readers ask the same again, and each call to an embedder may cost quota."""

import asyncio
import contextvars
from array import array
from collections import OrderedDict
from collections.abc import Sequence

from ragspace.models.protocols import Embedder

REMEMBERED_QUESTIONS = 512
"""Vectors kept in memory, in single precision, as indexes hold theirs: one of 768 dimensions takes 3 KB, as a
list 24."""

_Key = tuple[str, str, int]
_Kept = asyncio.Future["array[float]"]


class QueryCache:
    """The questions' vectors of `embedder`: the latest `size` of them stay in memory, by model, text and
    dimensions, and each is asked for once, however many ask for it at the same time."""

    def __init__(self, embedder: Embedder, size: int = REMEMBERED_QUESTIONS) -> None:
        self._embedder = embedder
        self._size = size
        self._vectors: OrderedDict[_Key, _Kept] = OrderedDict()
        self._calls: set[asyncio.Task[None]] = set()

    async def embed(self, texts: Sequence[str], dimensions: int) -> "list[array[float]]":
        """One vector per text, in order. Raises what the embedder raises."""
        keys = [(self._embedder.model, text, dimensions) for text in texts]
        missing = [key for key in dict.fromkeys(keys) if key not in self._vectors]
        if missing:
            self._call(missing)
        wanted = [self._vectors[key] for key in keys]
        for key in keys:
            self._vectors.move_to_end(key)
        while len(self._vectors) > self._size:
            self._vectors.popitem(last=False)
        # Shielded: whoever asks may leave while others wait for the same vector.
        return [await asyncio.shield(vector) for vector in wanted]

    def _call(self, keys: Sequence[_Key]) -> None:
        loop = asyncio.get_running_loop()
        vectors: dict[_Key, _Kept] = {key: loop.create_future() for key in keys}
        self._vectors |= vectors
        # Not in the context of the request that happens to be first: the call is for all who wait for it.
        call = asyncio.create_task(self._fill(vectors), context=contextvars.Context())
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _fill(self, vectors: dict[_Key, _Kept]) -> None:
        texts, dimensions = [text for _, text, _ in vectors], next(iter(vectors))[2]
        try:
            made = await self._embedder.embed(texts, purpose="question", dimensions=dimensions)
            for vector, values in zip(vectors.values(), made, strict=True):
                vector.set_result(array("f", values))
        except asyncio.CancelledError:
            self._forget(vectors)
            for vector in vectors.values():
                vector.cancel()
            raise
        except Exception as error:  # noqa: BLE001 (told to all who wait)
            self._forget(vectors)
            for vector in vectors.values():
                if not vector.done():
                    vector.set_exception(error)
                    vector.exception()  # looked at, in case that nobody waits any more

    def _forget(self, vectors: dict[_Key, _Kept]) -> None:
        for key, vector in vectors.items():
            if self._vectors.get(key) is vector:
                del self._vectors[key]
