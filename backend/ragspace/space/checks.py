"""What was looked at, what came of it and how it is mended: the lines of `doctor` and `verify`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line. `detail` says what was seen and never holds a secret; `fix` is what a failed or doubtful line
    asks of the developer; a skipped one says in `detail` why it cannot apply."""

    name: str
    outcome: Outcome
    detail: str
    fix: str | None = None


def passed(checks: Iterable[Check]) -> bool:
    """Whether nothing failed; warnings and skipped lines fail nothing."""
    return all(check.outcome != "failed" for check in checks)
