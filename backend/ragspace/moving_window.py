"""How often each client asked within the last so many seconds, counted in this process."""

import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from itertools import islice

from limits.aio.storage import MemoryStorage


@dataclass(slots=True)
class _Window:
    """`times` (Unix, in seconds) of what was counted, the oldest first."""

    seconds: int
    times: deque[float] = field(default_factory=deque)

    def slide(self, now: float) -> None:
        while self.times and self.times[0] < now - self.seconds:
            self.times.popleft()


class MovingWindows(MemoryStorage):
    """The moving windows of `limits`, each question of which costs the same however many clients there are.

    `MemoryStorage` itself goes through the windows of all clients, with the help of a thread for each, while
    the next question of the same client waits.
    """

    def __init__(self) -> None:
        super().__init__()
        self._windows: OrderedDict[str, _Window] = OrderedDict()
        """Those that counted last are last."""

    @property
    def clients(self) -> int:
        """How many are remembered."""
        return len(self._windows)

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        now = time.time()
        window = self._windows.setdefault(key, _Window(expiry))
        window.slide(now)
        if len(window.times) + amount > limit:
            return False
        window.times.extend([now] * amount)
        self._windows.move_to_end(key)
        self._forget_idle(now)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        now = time.time()
        window = self._windows.get(key)
        if window is None:
            return now, 0
        window.slide(now)
        return (window.times[0], len(window.times)) if window.times else (now, 0)

    def _forget_idle(self, now: float) -> None:
        """Two at most for the one that may have been added: nobody waits while thousands are forgotten."""
        for key in list(islice(self._windows, 2)):
            window = self._windows[key]
            window.slide(now)
            if not window.times:
                del self._windows[key]
