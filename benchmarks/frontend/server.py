"""A chat service that writes given answers at a given pace: `python -m benchmarks.frontend.server PORT`.

It serves the built page, the reference page, and an API that the question "mixed at 100 tokens/s" tells what
to stream. `/written` tells when each token was written.
"""

import asyncio
import re
import sys
import time
from pathlib import Path

import orjson
from aiohttp import web

from benchmarks.frontend.answer import pieces

HERE = Path(__file__).parent
FRONTEND = HERE.parents[1] / "frontend"
QUESTION = re.compile(r"(\w+) at (\d+) tokens/s")
REFERENCE = {
    "reference.html": HERE / "reference.html",
    "probe.js": HERE / "probe.js",
    "marked.js": FRONTEND / "node_modules/marked/lib/marked.esm.js",
    "purify.js": FRONTEND / "node_modules/dompurify/dist/purify.es.mjs",
}
SOURCE = {"file": "docs/a.md", "heading": "A > B", "similarity": 0.8, "anchor": "b", "url": "/docs/a#b"}
HEALTH = {
    "status": "healthy",
    "services": {
        "fastapi": "ok",
        "qdrant": {"status": "connected", "collection": "docs", "vectors": 12},
        "postgres": {"status": "connected"},
        "gemini": {"status": "connected", "model": "paced"},
    },
    "timestamp": "2026-01-01T00:00:00Z",
}
JITTER_S = 0.0167
"""Spreads the tokens over the time between two frames."""

written: list[float] = []
"""Milliseconds since the epoch, of the answer that was last streamed."""


async def chat(request: web.Request) -> web.StreamResponse:
    found = QUESTION.fullmatch((await request.json())["message"])
    if found is None:
        raise web.HTTPUnprocessableEntity
    tokens, pace = pieces(found[1]), int(found[2])
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    ids = {"conversation_id": _id(1), "message_id": _id(2)}
    sources = [{**SOURCE, "index": index, "snippet": "As it is written there."} for index in (1, 2)]
    await response.write(_event({"type": "metadata", "mode": "general", **ids}))
    await response.write(_event({"type": "sources", "sources": sources}))
    written.clear()
    loop = asyncio.get_running_loop()
    started = loop.time()
    for number, token in enumerate(tokens):
        due = started + number / pace + (number * 7 % 17) / 17 * min(JITTER_S, 1 / pace)
        if (wait := due - loop.time()) > 0:
            await asyncio.sleep(wait)
        written.append(time.time() * 1000)
        await response.write(_event({"type": "token", "content": token}))
    done: dict[str, object] = {
        "type": "done",
        "sources": sources,
        "finish_reason": "stop",
        "cited": [1],
        "suggestions": [],
    }
    await response.write(_event(done))
    return response


async def health(_request: web.Request) -> web.Response:
    return web.json_response(HEALTH)


async def when_written(_request: web.Request) -> web.Response:
    return web.json_response(written)


async def embedding(request: web.Request) -> web.Response:
    """A site; with `?chat=ADDRESS` it embeds the chat of the service there."""
    text = (HERE / "embedding.html").read_text()
    if address := request.query.get("chat"):
        chat = (
            f'<script type="module" src="{address}/widget.js"></script><rag-chat api="{address}"></rag-chat>'
        )
        text = text.replace("<!-- chat -->", chat)
    return web.Response(text=text, content_type="text/html")


async def file(request: web.Request) -> web.FileResponse:
    name = request.match_info["path"] or "index.html"
    return web.FileResponse(REFERENCE.get(name, FRONTEND / "dist" / name))


def _event(data: dict[str, object]) -> bytes:
    return b"data: " + orjson.dumps(data) + b"\n\n"


def _id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def main() -> None:
    app = web.Application()
    app.router.add_post("/api/chat", chat)
    app.router.add_get("/api/health", health)
    app.router.add_get("/written", when_written)
    app.router.add_get("/embedding.html", embedding)
    app.router.add_get("/{path:.*}", file)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)


if __name__ == "__main__":
    main()
