"""A port that answers nothing, not even that it is closed: what a firewall leaves of a blocked one."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.support.servers import LOOPBACK

_FILLING = 8


@contextmanager
def black_hole() -> Iterator[int]:
    """The port. Its queue is full and nobody takes from it, so that the system drops what else arrives."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((LOOPBACK, 0))
        listener.listen(0)
        for _ in range(_FILLING):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
