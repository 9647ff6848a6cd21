"""How fast a language model writes, told by its name: `ttft300-itl20-len64`."""

import re
from typing import NamedTuple, Self

NAME = re.compile(r"ttft(\d{1,6})-itl(\d{1,6})-len(\d{1,6})")


class Pace(NamedTuple):
    """Milliseconds until the first delta (`ttft`), between any two (`itl`), and how many there are."""

    first_ms: int
    gap_ms: int
    deltas: int

    @classmethod
    def of(cls, model: str) -> Self | None:
        """The pace that the name `model` tells; None for any other name."""
        found = NAME.fullmatch(model)
        return None if found is None else cls(*map(int, found.groups()))

    @property
    def model(self) -> str:
        return f"ttft{self.first_ms}-itl{self.gap_ms}-len{self.deltas}"

    @property
    def seconds(self) -> float:
        """From the request to the last delta."""
        return (self.first_ms + max(self.deltas - 1, 0) * self.gap_ms) / 1000

    def due(self, number: int) -> float:
        """Seconds from the request to the delta `number`, counted from 0."""
        return (self.first_ms + number * self.gap_ms) / 1000
