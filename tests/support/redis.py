"""A real Redis with a password, on loopback, plain and over TLS. Import the fixture `redis`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support import programs
from tests.support.certificates import make_certificates
from tests.support.servers import LOOPBACK, ServerProcess, free_port, hand_over, server_directory
from tests.support.skips import require

PASSWORD = "marked horse/battery:staple@%"
"""It needs encoding in a URL, as a generated one may."""


class Redis(ServerProcess):
    """Redis that keeps nothing over its own end."""

    def __init__(self, directory: Path) -> None:
        port, self.tls_port = free_port(), free_port()
        self.certificates = make_certificates(directory)
        settings = {
            "port": port,
            "bind": LOOPBACK,
            "dir": directory,
            "save": '""',
            "appendonly": "no",
            "requirepass": f'"{PASSWORD}"',
            "tls-port": self.tls_port,
            "tls-cert-file": self.certificates.certificate,
            "tls-key-file": self.certificates.key,
            "tls-ca-cert-file": self.certificates.authority,
            "tls-auth-clients": "no",
        }
        configuration = directory / "redis.conf"
        configuration.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        hand_over(configuration, self.certificates.certificate, self.certificates.key)
        super().__init__([programs.redis() or "redis-server", configuration], port, directory / "redis.log")

    def url(self, number: int = 0, *, password: str = PASSWORD) -> str:
        return f"redis://:{quote(password, safe='')}@{LOOPBACK}:{self.port}/{number}"

    def tls_url(self, number: int = 0) -> str:
        authority = quote(str(self.certificates.authority))
        return (
            f"rediss://:{quote(PASSWORD, safe='')}@{LOOPBACK}:{self.tls_port}/{number}"
            f"?ssl_ca_certs={authority}"
        )

    async def contents(self, number: int = 0) -> str:
        """Every key with all that is in it, as text."""
        from redis.asyncio import Redis as Client

        async with Client.from_url(self.url(number), protocol=2) as client:
            return "\n".join(
                [f"{key.decode()} {await _value(client, key)}" async for key in client.scan_iter()]
            )

    async def flush(self, number: int = 0) -> None:
        """Lose everything."""
        from redis.asyncio import Redis as Client

        async with Client.from_url(self.url(number)) as client:
            await client.flushdb()


async def _value(client: Any, key: bytes) -> Any:
    kind = (await client.type(key)).decode()
    if kind == "stream":
        return [
            " ".join(value.decode() for pair in fields.items() for value in pair)
            for _, fields in await client.xrange(key)
        ]
    if kind == "set":
        return await client.smembers(key)
    if kind == "list":
        return await client.lrange(key, 0, -1)
    return await client.zrange(key, 0, -1) if kind == "zset" else await client.get(key)


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    require("redis")
    with server_directory("redis") as directory:
        server = Redis(directory)
        server.start()
        try:
            yield server
        finally:
            server.stop()
