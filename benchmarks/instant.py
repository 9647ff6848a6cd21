"""The load generator's reference: `python -m benchmarks.instant PORT` writes answers as fast as it can.

Each delta is a write of its own, as a server's that streams. What the load generator reads from here, it can
read: no subject is called slow for what the load generator cannot do.
"""

import asyncio
import sys
from collections.abc import Iterator

import orjson

from benchmarks.connection import STREAM_HEAD, Connection, serve
from benchmarks.upstream import openai_frames


def handle(connection: Connection, _method: str, _path: str, body: bytes) -> None:
    """So many deltas as the question asks for, without any pace."""
    deltas = orjson.loads(body)["deltas"] if body else 1
    connection.write(STREAM_HEAD)
    _write_on(connection, iter(openai_frames("instant", deltas)))


def _write_on(connection: Connection, frames: Iterator[bytes]) -> None:
    frame = next(frames, None)
    if frame is not None:
        connection.write(frame)
        asyncio.get_running_loop().call_soon(_write_on, connection, frames)


if __name__ == "__main__":
    serve(handle, int(sys.argv[1]))
