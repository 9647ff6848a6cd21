"""Whether a service is worth asking now: a dead one is to cost a request milliseconds, not its timeout."""

import time
from collections.abc import Callable

from ragspace.errors import Reason

FAILURES = 3
"""How many calls in a row must have waited in vain before others are no longer made."""

LONG_SECONDS = 0.5
"""A call that is lost sooner, as where a connection is refused, has cost nobody anything."""

PAUSE_SECONDS = 5.0
"""After so long one call is let through, also where nobody checks the service (as in a command)."""

REPEATED_SHARE = 0.1
MOST_REPEATS = 10.0
"""Repeated calls may add a tenth to the calls that succeed, and ten in a rush: a service that is overloaded
is not helped by being asked everything twice."""


class Circuit:
    """Closed while calls are answered; open after FAILURES calls in a row waited in vain: then none is made.

    Once a check was answered, or after PAUSE_SECONDS, one call at a time is let through, and the first that
    is answered closes it. The check alone does not: what it asks is less than what a request asks. `now`
    tells seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._lost = 0
        self._reason: Reason = "timeout"
        self._next_trial = 0.0
        self._on_trial = False
        self._repeats = MOST_REPEATS

    @property
    def open(self) -> bool:
        return self._lost >= FAILURES

    def refusal(self) -> Reason | None:
        """Why no call is to be made now; None where one may, whose end is then to be told."""
        if not self.open:
            return None
        if self._on_trial or self.now() < self._next_trial:
            return self._reason
        self._on_trial = True
        return None

    def answered(self) -> None:
        """A call was answered, be it with an error."""
        self._lost = 0
        self._on_trial = False
        self._repeats = min(MOST_REPEATS, self._repeats + REPEATED_SHARE)

    def failed(self, reason: Reason, since: float) -> None:
        """A call that was made at the time `since` failed without an answer."""
        if reason == "timeout" or self.now() - since >= LONG_SECONDS:
            self._lost += 1
        self._reason = reason
        self._next_trial = self.now() + PAUSE_SECONDS
        self._on_trial = False

    def given_up(self) -> None:
        """A call ended because nobody wanted its answer any more: nothing is known."""
        self._on_trial = False

    def checked(self) -> None:
        """A check was answered: the next call may try."""
        self._next_trial = 0.0

    def may_repeat(self) -> bool:
        """Whether a call that failed may be made once more; it is counted as made."""
        if self.open or self._repeats < 1:
            return False
        self._repeats -= 1
        return True
