"""What thinks, as the rest of the program sees it: embedders and generators."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from ragspace.documents.passage import Passage

Vector = list[float]
"""An embedding: as many floats as the model has dimensions, of unit length."""

Purpose = Literal["question", "passage"]

FinishReason = Literal["stop", "length", "safety", "not_found", "extractive"]
"""Why a generator ended, in the words of docs/api.md."""


class Embedder(Protocol):
    """Turns texts into vectors whose cosine tells how near their meanings are."""

    @property
    def model(self) -> str:
        """The name that is stored with a collection and compared with it."""
        ...

    @property
    def default_dimensions(self) -> int:
        """The dimensions of a new collection."""
        ...

    async def open(self) -> None:
        """Load or connect what the first call would otherwise wait for."""
        ...

    async def embed(self, texts: Sequence[str], *, purpose: Purpose, dimensions: int) -> list[Vector]:
        """One unit-length vector of `dimensions` floats per text, in order; any number of texts.

        Raises RetrievalUnavailable (service `gemini` for Gemini; reason as the failure was) or QuotaExceeded.
        """
        ...

    async def check(self) -> None:
        """Ask the service whether it would embed, without spending quota.

        Raises RetrievalUnavailable with the reason.
        """
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation, as a chat model takes it."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(slots=True)
class GenerationRequest:
    """All that a generator may use for one answer.

    A language model reads `system` and `turns` (the last turn is the prompt, sources included). The
    extractive generator reads `question` and `passages`: in selection mode the one passage is the reader's
    selected text, and `cite` is False.
    """

    system: str
    turns: tuple[Turn, ...]
    question: str
    passages: tuple[Passage, ...]
    cite: bool = True

    def release(self) -> None:
        """Let go of the texts, which are long, and which nobody reads once the model has begun to answer."""
        self.turns = ()
        self.passages = ()


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of the answer's text, never empty."""

    text: str


class Usage(NamedTuple):
    """Tokens that a model counted for one answer; what it thought is output, too."""

    prompt: int
    output: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The generator ended by itself; always the last thing it yields. `model` is the one that answered.
    `usage` is told once for each request to it, where the model tells it."""

    reason: FinishReason
    model: str
    usage: Usage | None = field(default=None, compare=False)


class Generator(Protocol):
    """Writes an answer, piece by piece."""

    @property
    def provider(self) -> Literal["gemini", "openai", "extractive"]: ...

    @property
    def model(self) -> str:
        """The first choice among its models."""
        ...

    @property
    def models_now(self) -> tuple[str, ...]:
        """The models whose answer is no worse than one written now: from the first choice down to the one
        that would be asked. None where an answer costs nothing, so that none is worth keeping."""
        ...

    async def open(self) -> None:
        """Load or connect what the first call would otherwise wait for."""
        ...

    def stream(self, request: GenerationRequest) -> AsyncGenerator[Delta | Finish, None]:
        """Deltas, then one Finish.

        Raises GenerationUnavailable, GenerationTimeout or QuotaExceeded; raised after a delta, the answer
        was cut off. Closing the iterator (`aclose`) ends the upstream request.
        """
        ...

    async def check(self) -> None:
        """Ask the service whether it would answer, without spending generation quota.

        Raises GenerationUnavailable with the reason.
        """
        ...

    async def close(self) -> None: ...
