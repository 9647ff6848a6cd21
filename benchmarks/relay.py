"""The limit: a bare ASGI application that only passes the upstream's bytes on, over aiohttp.

`python -m benchmarks.relay PORT UPSTREAM_URL MODEL`. No retrieval, no storage, no events of its own.
"""

import sys
from typing import Any

import aiohttp
import orjson
import uvicorn

session: aiohttp.ClientSession | None = None


async def relay(scope: Any, receive: Any, send: Any) -> None:
    global session  # noqa: PLW0603 - one connection pool per process
    if scope["type"] != "http":
        return
    await receive()
    if scope["method"] == "GET":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})
        return
    if session is None:
        session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
    body = orjson.dumps({"model": sys.argv[3], "stream": True})
    async with session.post(f"{sys.argv[2]}/v1/chat/completions", data=body) as upstream:
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for chunk in upstream.content.iter_any():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


if __name__ == "__main__":
    uvicorn.run(
        relay, host="127.0.0.1", port=int(sys.argv[1]), access_log=False, log_level="error", lifespan="off"
    )
