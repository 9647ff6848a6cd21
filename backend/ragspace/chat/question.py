"""What a reader asks."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Mode = Literal["general", "selection"]


@dataclass(frozen=True, slots=True)
class Question:
    """`context` is the selected text in selection mode."""

    message: str
    mode: Mode = "general"
    context: str | None = None
    conversation_id: UUID | None = None
