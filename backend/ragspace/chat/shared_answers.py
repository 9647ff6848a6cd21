"""One generation for all who ask the same at the same time.

Each asker has an answer of their own, with its own id, stream and stored message; what they share is the
model's work. It runs in a task of its own: whoever stops leaves the others to it, and it ends when nobody is
left.
"""

import asyncio
import contextvars
from collections.abc import AsyncGenerator, Callable, Hashable
from dataclasses import replace

from ragspace.models.protocols import Delta, Finish

Pieces = AsyncGenerator[Delta | Finish, None]


class SharedAnswers:
    """Generations by the key of what they answer. `joined` counts the askers who found one under way."""

    def __init__(self) -> None:
        self._generations: dict[Hashable, _Generation] = {}
        self.joined = 0

    def attach(self, key: Hashable, begin: Callable[[], Pieces]) -> "Attachment":
        """Join the generation under `key`, or `begin` one. It stays to be joined until the last asker has
        detached, which they do when their answer is kept: so nobody comes too late for the one and too early
        for the other. One that failed is not joined any more."""
        generation = self._generations.get(key)
        if generation is None:
            generation = self._generations[key] = _Generation(begin, lambda: self._forget(key))
        else:
            self.joined += 1
        return Attachment(generation)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._generations

    def _forget(self, key: Hashable) -> None:
        del self._generations[key]


class _Generation:
    """The pieces of one generation and the task that collects them; `forget` is called once, when no more
    may join."""

    def __init__(self, begin: Callable[[], Pieces], forget: Callable[[], None]) -> None:
        self.texts: list[str] = []
        self.finish: Finish | None = None
        self.failure: Exception | None = None
        self.attached = 0
        self.kept = False
        self._forget: Callable[[], None] | None = forget
        self._changed: set[asyncio.Future[None]] = set()
        # Not in the context of the request that happens to be first.
        self._task = asyncio.create_task(self._collect(begin()), context=contextvars.Context())

    @property
    def ended(self) -> bool:
        return self._task.done() or self.finish is not None or self.failure is not None

    async def _collect(self, pieces: Pieces) -> None:
        try:
            async for piece in pieces:
                if isinstance(piece, Delta):
                    self.texts.append(piece.text)
                else:
                    self.finish = piece
                self._wake()
        except Exception as error:  # noqa: BLE001 (raised to everybody who listens)
            self.failure = error
            self.retire()
        finally:
            await pieces.aclose()
            self._wake()

    def detach(self) -> None:
        self.attached -= 1
        if self.attached == 0:
            self.retire()
            self._task.cancel()

    def retire(self) -> None:
        """No more may join."""
        forget, self._forget = self._forget, None
        if forget is not None:
            forget()

    async def wait(self) -> None:
        """Wait for the next piece or the end."""
        changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._changed.add(changed)
        try:
            await changed
        finally:
            self._changed.discard(changed)

    def _wake(self) -> None:
        for changed in self._changed:
            if not changed.done():
                changed.set_result(None)


class Attachment:
    """One asker's hold on a generation, until `detach`."""

    def __init__(self, generation: _Generation) -> None:
        self._generation = generation
        self._attached = True
        generation.attached += 1
        self.late = generation.finish is not None
        """Whether the answer was whole already, so that it cost nothing."""

    async def pieces(self) -> Pieces:
        """All pieces from the first, those that are there together as one. Raises what the generation raised,
        after what it wrote."""
        generation, seen = self._generation, 0
        while True:
            if seen < len(generation.texts):
                text = "".join(generation.texts[seen:])
                seen = len(generation.texts)
                yield Delta(text)
            elif generation.failure is not None:
                raise generation.failure.with_traceback(None)
            elif generation.finish is not None:
                finish = generation.finish
                # Counted with the first asker's answer.
                generation.finish = replace(finish, usage=None)
                yield finish
                return
            elif generation.ended:
                return
            else:
                await generation.wait()

    def keep(self) -> bool:
        """True for the first asker who wants to keep the answer: once is enough."""
        first, self._generation.kept = not self._generation.kept, True
        return first

    def detach(self) -> None:
        if self._attached:
            self._attached = False
            self._generation.detach()
