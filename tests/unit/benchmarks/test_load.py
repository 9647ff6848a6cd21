"""The load generator reads what the paced upstream writes, whatever the pieces it comes in."""

import asyncio
import base64
import struct
from collections.abc import Iterator, Sequence
from types import SimpleNamespace

import orjson
import pytest

from benchmarks.connection import STREAM_HEAD, Connection, Handle
from benchmarks.load import Plan, measure
from benchmarks.pace import Pace
from benchmarks.statistics import Figures
from benchmarks.upstream import handle, openai_frames

DELTAS = 12
QUICK = Pace(first_ms=1, gap_ms=1, deltas=DELTAS)


async def _read_from(respond: Handle, path: str = "/", readers: int = 2, rounds: int = 1) -> Figures:
    connections: list[Connection] = []

    def connected() -> Connection:
        connections.append(Connection(respond))
        return connections[-1]

    server = await asyncio.get_running_loop().create_server(connected, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        plan = Plan(f"http://127.0.0.1:{port}{path}", readers, QUICK.model, rounds, patience=1)
        seen = await measure(plan)
        while any(connection.open for connection in connections):
            await asyncio.sleep(0.001)
    return seen


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
async def test_every_word_is_counted_once_wherever_the_segments_end(size: int) -> None:
    body = b"".join(openai_frames("any", DELTAS))
    pieces = [body[start : start + size] for start in range(0, len(body), size)]

    def respond(connection: Connection, *_: object) -> None:
        connection.write(STREAM_HEAD)
        _one_by_one(connection, iter(pieces))

    seen = await _read_from(respond)

    assert (seen.streams, seen.lost) == (2, 0)


def _one_by_one(connection: Connection, pieces: Iterator[bytes]) -> None:
    piece = next(pieces, None)
    if piece is not None:
        connection.write(piece)
        asyncio.get_running_loop().call_soon(_one_by_one, connection, pieces)


async def test_an_answer_that_breaks_off_is_lost() -> None:
    def respond(connection: Connection, *_: object) -> None:
        frames: Sequence[bytes] = openai_frames("any", DELTAS)
        connection.write(STREAM_HEAD + b"".join(frames[:3]) + b"0\r\n\r\n")

    assert (await _read_from(respond)).lost == 2


async def test_every_reader_asks_again_in_every_round() -> None:
    def respond(connection: Connection, *_: object) -> None:
        connection.write(STREAM_HEAD + b"".join(openai_frames("any", DELTAS)))

    seen = await _read_from(respond, readers=3, rounds=2)

    assert (seen.streams, seen.lost) == (6, 0)


async def test_the_upstream_knows_no_model_without_a_pace() -> None:
    def respond(connection: Connection, method: str, path: str, _body: bytes) -> None:
        handle(connection, method, path, b'{"model":"gpt"}')

    assert (await _read_from(respond, "/v1/chat/completions")).lost == 2


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", f"/v1beta/models/{QUICK.model}:streamGenerateContent"]
)
async def test_the_upstream_writes_as_many_deltas_as_the_models_name_says_in_both_protocols(
    path: str,
) -> None:
    def respond(connection: Connection, method: str, path: str, _body: bytes) -> None:
        handle(connection, method, path, f'{{"model":"{QUICK.model}"}}'.encode())

    assert (await _read_from(respond, path)).lost == 0


def test_both_protocols_embed_a_text_alike() -> None:
    openai = orjson.loads(answered("/v1/embeddings", {"model": "any", "input": ["LiDAR"]}))
    packed = orjson.loads(
        answered("/v1/embeddings", {"model": "any", "input": "LiDAR", "encoding_format": "base64"})
    )
    content = {"parts": [{"text": "LiDAR"}]}
    gemini = orjson.loads(
        answered("/v1beta/models/any:batchEmbedContents", {"requests": [{"content": content}]})
    )

    vector = openai["data"][0]["embedding"]
    assert gemini["embeddings"][0]["values"] == vector
    unpacked = struct.unpack(f"<{len(vector)}f", base64.b64decode(packed["data"][0]["embedding"]))
    assert unpacked == pytest.approx(vector, abs=1e-6)


def answered(path: str, body: dict[str, object]) -> bytes:
    """The body of the upstream's response."""
    told: list[bytes] = []
    connection = Connection(handle)
    connection.connection_made(SimpleNamespace(write=told.append))
    handle(connection, "POST", path, orjson.dumps(body))
    return b"".join(told).partition(b"\r\n\r\n")[2]
