"""The most streams that a server holds with every event within 50 ms of its pace."""

from collections.abc import Callable

from benchmarks.pace import Pace
from benchmarks.subjects import Running, Subject, started

PACE = Pace(first_ms=100, gap_ms=20, deltas=75)
PRECISION = 1.15
"""Between the most that were held and the fewest that were not."""

MOST = 4096
TRIES = 2
ROUNDS = 2
PATIENCE_S = 5.0

MEANING = (
    f"streams held: the most of {PACE.deltas} deltas, {PACE.gap_ms} ms apart, that are open at once with "
    "none lost and every event within 50 ms of its pace, counted from the stream's first; readers begin "
    "spread over a stream's time and ask a new question as soon as they have been answered"
)


def streams_held(subject: Subject, upstream: str, guess: int) -> int:
    """How many `subject` holds; the search begins at `guess`."""
    with started(subject, upstream, PACE) as server:
        server.load(1, fresh=True)
        return most(lambda readers: _holds(server, readers), guess)


def most(holds: Callable[[int], bool], guess: int) -> int:
    """The most for which `holds` is true, by doubling or halving from `guess`, then by bisection, within
    PRECISION; 0 where not even one is held, MOST at the most."""
    if holds(guess):
        low, high = guess, 0
        while not high:
            if low >= MOST:
                return MOST
            tried = min(low * 2, MOST)
            low, high = (tried, 0) if holds(tried) else (low, tried)
    else:
        low, high = 0, guess
        while not low:
            if high <= 1:
                return 0
            tried = high // 2
            low, high = (tried, high) if holds(tried) else (0, tried)
    while high > low + 1 and high > low * PRECISION:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _holds(server: Running, readers: int) -> bool:
    """A failure may be the machine's, so it has to happen twice."""
    for _ in range(TRIES):
        seen = server.load(readers, fresh=True, rounds=ROUNDS, patience=PATIENCE_S)
        if not seen.lost and not seen.late:
            return True
    return False
