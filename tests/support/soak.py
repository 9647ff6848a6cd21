"""How long the long tests are: short by default, whole in `make soak` (RAGSPACE_SOAK=1)."""

import os
import random
import sys

FULL = os.environ.get("RAGSPACE_SOAK") == "1"


def seed() -> int:
    """RAGSPACE_SEED, if it is set; else always the same in short runs, and another in each full one."""
    chosen = os.environ.get("RAGSPACE_SEED")
    if chosen is not None:
        return int(chosen)
    return random.SystemRandom().randrange(2**32) if FULL else 1


def tell(line: str) -> None:
    """Shown where the test fails, and in `make soak`."""
    sys.stderr.write(f"{line}\n")
