"""Reading a generator to its end."""

from dataclasses import dataclass, field

from ragspace.errors import RagspaceError
from ragspace.models.protocols import Delta, Finish, GenerationRequest, Generator


@dataclass
class Heard:
    """What a generator yielded, and how it failed, if it did."""

    deltas: list[str] = field(default_factory=list)
    finish: Finish | None = None
    error: RagspaceError | None = None

    @property
    def text(self) -> str:
        return "".join(self.deltas)


async def listen(generator: Generator, request: GenerationRequest) -> Heard:
    heard = Heard()
    try:
        async for piece in generator.stream(request):
            assert heard.finish is None, "something came after Finish"
            if isinstance(piece, Delta):
                assert piece.text
                heard.deltas.append(piece.text)
            else:
                heard.finish = piece
    except RagspaceError as error:
        heard.error = error
    return heard
