"""One server for all attacks, which must come through them all; its times are short, so that they end."""

import asyncio
from collections.abc import Iterator

import psutil
import pytest

from tests.support.server import RunningServer

ORIGIN = "https://my-book-git-main-myteam.vercel.app"
ENVIRONMENT = {
    "RAGSPACE_MODE": "embedded",
    "ALLOWED_ORIGINS": "https://my-book-*-myteam.vercel.app",
    "RATE_LIMIT": "1000000/minute",
    "REQUEST_HEAD_SECONDS": "1",
    "REQUEST_BODY_SECONDS": "1",
}


@pytest.fixture(scope="session")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("attacked"), ENVIRONMENT) as server:
        yield server
        assert server.health()["status"] == "healthy"
        wrong = [line for line in server.log.splitlines() if '"level":"error"' in line or "Traceback" in line]
        assert not wrong, wrong[:3]


async def established(server: RunningServer, at_most: int) -> None:
    """Wait until no more connections than these are open at the server."""
    process = psutil.Process(server.pid)

    def count() -> int:
        return sum(
            connection.laddr.port == server.port and connection.status != psutil.CONN_LISTEN
            for connection in process.net_connections("tcp")
        )

    async with asyncio.timeout(20):
        while count() > at_most:
            await asyncio.sleep(0.1)
