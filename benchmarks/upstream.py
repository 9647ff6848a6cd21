"""A language model's pace without the model: `python -m benchmarks.upstream PORT`.

Answers are written at the pace that the model's name tells (benchmarks/pace.py), in OpenAI's protocol
(`/v1/chat/completions`) and in Gemini's (`:streamGenerateContent`). Embeddings, in both protocols too, come
at once: bags of hashed words, so that retrieval finds something.
"""

import asyncio
import base64
import sys
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import numpy as np
import orjson

from benchmarks.connection import END, STREAM_HEAD, Connection, chunk, serve
from benchmarks.pace import Pace
from tests.support.gemini.vectors import vector_of

EMBEDDING_MODEL = "gemini-embedding-001"
DIMENSIONS = 768
WORD = "word{} "
"""What the delta of a number says; benchmarks/load.py looks for it."""


class PacedAnswer:
    """Sends `frames` when they are due. Those that are overdue leave together, as from a socket's buffer."""

    def __init__(self, connection: Connection, frames: tuple[bytes, ...], pace: Pace) -> None:
        self._connection = connection
        self._frames = frames
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._sent = 0
        connection.write(STREAM_HEAD)
        self._timer = self._loop.call_at(self._began + pace.due(0), self._send)
        connection.when_lost = self.stop

    def stop(self) -> None:
        self._timer.cancel()

    def _send(self) -> None:
        first, elapsed = self._sent, self._loop.time() - self._began
        deltas = self._pace.deltas
        self._sent += 1
        while self._sent < deltas and self._pace.due(self._sent) <= elapsed:
            self._sent += 1
        if self._sent < deltas:
            self._connection.write(b"".join(self._frames[first : self._sent]))
            self._timer = self._loop.call_at(self._began + self._pace.due(self._sent), self._send)
        else:
            self._connection.write(b"".join(self._frames[first:]))


@lru_cache
def openai_frames(model: str, deltas: int) -> tuple[bytes, ...]:
    """The body of `chat.completion.chunk`s, one per delta, then the end; each as a chunk of HTTP's."""
    texts = [chunk(_openai_event(model, {"content": WORD.format(number)}, None)) for number in range(deltas)]
    end = _openai_event(model, {}, "stop") + b"data: [DONE]\n\n"
    return (*texts, chunk(end) + END)


@lru_cache
def gemini_frames(model: str, deltas: int) -> tuple[bytes, ...]:
    """The body of `GenerateContentResponse`s; the end comes with the last text, as Gemini's does."""
    events = [_gemini_event(model, number, last=number == deltas - 1) for number in range(deltas)]
    return (*(chunk(event) for event in events[:-1]), chunk(events[-1]) + END)


def _openai_event(model: str, delta: dict[str, str], finish: str | None) -> bytes:
    if "content" in delta:
        delta = {"role": "assistant", **delta}
    event = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": model,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + orjson.dumps(event) + b"\n\n"


def _gemini_event(model: str, number: int, *, last: bool) -> bytes:
    content = {"parts": [{"text": WORD.format(number)}], "role": "model"}
    candidate: dict[str, Any] = {"content": content, "index": 0}
    if last:
        candidate["finishReason"] = "STOP"
    event = {"candidates": [candidate], "modelVersion": model, "responseId": "1"}
    return b"data: " + orjson.dumps(event) + b"\r\n\r\n"


def handle(connection: Connection, method: str, path: str, body: bytes) -> None:
    """Answer one request, by its path."""
    if method == "GET":
        connection.respond(b'{"object":"list","data":[]}' if path == "/v1/models" else b'{"name":"models/x"}')
    elif path == "/v1/chat/completions":
        _complete(connection, orjson.loads(body)["model"], openai_frames)
    elif path == "/v1/embeddings":
        connection.respond(_openai_embeddings(orjson.loads(body)))
    elif path.endswith(":streamGenerateContent"):
        _complete(connection, path.rpartition("/")[2].partition(":")[0], gemini_frames)
    elif path.endswith(":batchEmbedContents"):
        connection.respond(_gemini_embeddings(orjson.loads(body)))
    else:
        connection.respond(b"{}", HTTPStatus.NOT_FOUND)


def _complete(connection: Connection, model: str, frames: Any) -> None:
    pace = Pace.of(model)
    if pace is None or pace.deltas == 0:
        connection.respond(b"{}", HTTPStatus.NOT_FOUND)
    else:
        PacedAnswer(connection, frames(model, pace.deltas), pace)


def _openai_embeddings(request: dict[str, Any]) -> bytes:
    texts = [request["input"]] if isinstance(request["input"], str) else request["input"]
    vectors: list[Any] = [_vector(text, request.get("dimensions") or DIMENSIONS) for text in texts]
    if request.get("encoding_format") == "base64":
        vectors = [base64.b64encode(np.array(each, "<f4").tobytes()).decode() for each in vectors]
    data = [{"object": "embedding", "index": i, "embedding": each} for i, each in enumerate(vectors)]
    usage = {"prompt_tokens": 1, "total_tokens": 1}
    return orjson.dumps({"object": "list", "data": data, "model": request["model"], "usage": usage})


def _gemini_embeddings(request: dict[str, Any]) -> bytes:
    vectors = [
        _vector(each["content"]["parts"][0]["text"], each.get("outputDimensionality", DIMENSIONS))
        for each in request["requests"]
    ]
    return orjson.dumps({"embeddings": [{"values": vector} for vector in vectors]})


@lru_cache(maxsize=20_000)
def _vector(text: str, dimensions: int) -> list[float]:
    return vector_of(text, model=EMBEDDING_MODEL, dimensions=dimensions)


if __name__ == "__main__":
    serve(handle, int(sys.argv[1]))
