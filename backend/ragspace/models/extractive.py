"""Answers without a language model: the sentences that answer best, quoted word for word."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Literal

from ragspace.models.protocols import Delta, Finish, GenerationRequest

MODEL = "extractive"


class ExtractiveGenerator:
    """A Generator that quotes the passages it is given, each quotation cited as `[n]`."""

    provider: Literal["extractive"] = "extractive"
    model = MODEL
    models_now: tuple[str, ...] = ()

    async def open(self) -> None:
        from ragspace.models.quotation import load

        await asyncio.to_thread(load)

    async def close(self) -> None:
        """Nothing is held."""

    async def check(self) -> None:
        """Always answers."""

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[Delta | Finish, None]:
        """One Delta per sentence, list item, table or piece of code; Finish `extractive`, or `not_found`
        without a Delta where nothing shares a term with the question."""
        from ragspace.models.quotation import quote

        pieces = await asyncio.to_thread(quote, request.question, request.passages, cite=request.cite)
        for piece in pieces:
            yield Delta(piece)
        yield Finish("extractive" if pieces else "not_found", MODEL)
