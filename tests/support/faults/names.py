"""Host names of the tests' own, which can be made unknown."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.servers import LOOPBACK

_DOMAIN = ".test"
"""Reserved for this (RFC 6761): no such name is ever looked up elsewhere."""


class Names:
    """Every name that ends in `.test` is loopback, but for those in `unknown`."""

    def __init__(self) -> None:
        self.unknown: set[str] = set()
        self._look_up = socket.getaddrinfo

    @contextmanager
    def known(self) -> Iterator["Names"]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", self._getaddrinfo)
            yield self

    def _getaddrinfo(self, host: Any, *arguments: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name in self.unknown:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        known = LOOPBACK if isinstance(name, str) and name.endswith(_DOMAIN) else host
        return self._look_up(known, *arguments, **named)
