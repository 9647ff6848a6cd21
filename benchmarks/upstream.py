"""A language model's pace without the model: `python -m benchmarks.upstream PORT`.

An OpenAI-compatible endpoint whose model name tells its pace: `ttft100-itl20-len64` waits 100 ms for the
first delta, 20 ms for each next one, and sends 64.
"""

import asyncio
import re
import sys

import orjson
from aiohttp import web

PACE = re.compile(r"ttft(\d+)-itl(\d+)-len(\d+)")


async def complete(request: web.Request) -> web.StreamResponse:
    pace = PACE.fullmatch((await request.json())["model"])
    if pace is None:
        raise web.HTTPNotFound
    first, gap, length = (int(number) for number in pace.groups())
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    loop = asyncio.get_running_loop()
    due = loop.time() + first / 1000
    for number in range(length):
        await asyncio.sleep(due - loop.time())
        await response.write(_chunk({"content": f"word{number} "}, None))
        due += gap / 1000
    await response.write(_chunk({}, "stop") + b"data: [DONE]\n\n")
    return response


async def models(_request: web.Request) -> web.Response:
    return web.json_response({"data": []})


def _chunk(delta: dict[str, str], finish: str | None) -> bytes:
    return b"data: " + orjson.dumps({"choices": [{"delta": delta, "finish_reason": finish}]}) + b"\n\n"


def main() -> None:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_get("/v1/models", models)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)


if __name__ == "__main__":
    main()
