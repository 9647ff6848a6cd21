"""HTTP as bytes, for requests that no client would send."""

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.support.servers import LOOPBACK


@dataclass
class RawReply:
    """What came back until the server closed or nothing more came. `statuses` are those of all responses."""

    data: bytes
    closed: bool
    statuses: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z ]", self.data)]

    @property
    def error(self) -> dict[str, Any]:
        """Of a single response that is an error of the service."""
        told: dict[str, Any] = json.loads(self.data.partition(b"\r\n\r\n")[2])["error"]
        return told

    @property
    def headers(self) -> dict[str, str]:
        head = self.data.partition(b"\r\n\r\n")[0].decode("latin-1")
        return {n.lower(): v for n, _, v in (line.partition(": ") for line in head.split("\r\n")[1:])}


async def exchange(port: int, *pieces: bytes, patience: float = 5.0, pause: float = 0.0) -> RawReply:
    """Send the `pieces`, `pause` seconds apart, and read until the end, or until nothing comes for `patience`
    seconds. What the server no longer takes is not sent."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    received, closed = bytearray(), False
    try:
        sending = asyncio.create_task(_send(writer, pieces, pause))
        with suppress(TimeoutError, ConnectionError):
            while chunk := await asyncio.wait_for(reader.read(65536), patience):
                received += chunk
            closed = True
        closed = closed or reader.at_eof() or reader.exception() is not None
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    finally:
        writer.transport.abort()
    return RawReply(bytes(received), closed)


async def _send(writer: asyncio.StreamWriter, pieces: tuple[bytes, ...], pause: float) -> None:
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        if pause:
            await asyncio.sleep(pause)


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    """A request with these header lines; without a Content-Length of its own."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body
