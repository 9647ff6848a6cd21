"""One generation for all who ask the same at the same time.

Each asker has an answer of their own, with its own id, stream and stored message; what they share is the
model's work. It runs in a task of its own: whoever stops leaves the others to it, and it ends when nobody is
left.
"""

import asyncio
import contextvars
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from dataclasses import replace

from ragspace.models.protocols import Delta, Finish

Piece = Delta | Finish
Pieces = AsyncGenerator[Piece, None]
Take = Callable[[Piece], None]


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
        self.text = ""
        self.finish: Finish | None = None
        self.failure: Exception | None = None
        self.attached = 0
        self.kept = False
        self._forget: Callable[[], None] | None = forget
        self._listeners: dict[asyncio.Future[None], Take] = {}
        # Not in the context of the request that happens to be first.
        self._task = asyncio.create_task(self._collect(begin()), context=contextvars.Context())

    async def _collect(self, pieces: Pieces) -> None:
        try:
            async for piece in pieces:
                if isinstance(piece, Delta):
                    self.text += piece.text
                    self._tell(piece)
                else:
                    self._tell_end(piece)
        except Exception as error:  # noqa: BLE001 (raised to everybody who listens)
            self.failure = error
            self.retire()
        finally:
            await pieces.aclose()
            for ended in self._listeners:
                _settle(ended, self.failure)

    async def listen(self, take: Take) -> None:
        """Give `take` what was said, as one, then each piece as it comes, in the same step in which it comes.
        Raises what the generation raised, and what `take` raises."""
        if self.text:
            take(Delta(self.text))
        if self.finish is not None:
            take(self._counted_once(self.finish))
        elif self.failure is not None:
            raise self.failure.with_traceback(None)
        elif not self._task.done():
            ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._listeners[ended] = take
            try:
                await ended
            finally:
                del self._listeners[ended]

    def _tell_end(self, finish: Finish) -> None:
        self.finish = finish
        for ended in self._listeners:
            self._tell_one(ended, self._counted_once(self.finish))
            _settle(ended, None)

    def _counted_once(self, finish: Finish) -> Finish:
        """The tokens are counted with the first asker's answer."""
        self.finish = replace(finish, usage=None)
        return finish

    def _tell(self, piece: Piece) -> None:
        for ended in self._listeners:
            self._tell_one(ended, piece)

    def _tell_one(self, ended: asyncio.Future[None], piece: Piece) -> None:
        if not ended.done():
            try:
                self._listeners[ended](piece)
            except Exception as error:  # noqa: BLE001 (the listener's own, who waits for it)
                ended.set_exception(error)

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


def _settle(ended: asyncio.Future[None], failure: Exception | None) -> None:
    if ended.done():
        return
    if failure is None:
        ended.set_result(None)
    else:
        ended.set_exception(failure.with_traceback(None))


class Attachment:
    """One asker's hold on a generation, until `detach`."""

    def __init__(self, generation: _Generation) -> None:
        self._generation = generation
        self._attached = True
        generation.attached += 1
        self.late = generation.finish is not None
        """Whether the answer was whole already, so that it cost nothing."""

    def listen(self, take: Take) -> Awaitable[None]:
        """Give `take` all pieces from the first, until the last. Raises what the generation raised, after
        what it wrote, and what `take` raises."""
        return self._generation.listen(take)

    def keep(self) -> bool:
        """True for the first asker who wants to keep the answer: once is enough."""
        first, self._generation.kept = not self._generation.kept, True
        return first

    def detach(self) -> None:
        if self._attached:
            self._attached = False
            self._generation.detach()
