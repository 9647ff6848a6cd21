"""The HTTP face of the stand-in: refuses what Google refuses, embeds, and has aimock write the answers."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
import orjson
from aiohttp import web

from tests.support.gemini import replies
from tests.support.gemini.models import CHAT_MODELS, EMBEDDING_MODELS, described
from tests.support.gemini.replies import Answer, Canned
from tests.support.gemini.requests import CALLS, Request, fault_of
from tests.support.gemini.vectors import vector_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is scripted for a request: None as `reply` is the ordinary one, `delay_s` seconds late."""

    reply: Answer | Canned | None = None
    delay_s: float = 0.0


class Front:
    """Serves `v1beta` on a loopback port. `decide` is asked about each request, in the front's own thread."""

    def __init__(self, aimock_url: str, api_key: str, decide: Callable[[Request], Verdict]) -> None:
        self._aimock_url = aimock_url
        self._api_key = api_key
        self._decide = decide
        self._contexts: dict[Answer, str] = {}
        self._numbers = itertools.count()

    async def serve(self, started: Callable[[int], None], stopping: asyncio.Event) -> None:
        """Runs until `stopping` is set; tells `started` the port."""
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_get("/v1beta/models", self._handle)
        app.router.add_get("/v1beta/models/{model}", self._handle)
        app.router.add_post("/v1beta/models/{model:[^:/]+}:{method}", self._handle)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
        async with aiohttp.ClientSession(
            timeout=timeout, connector=aiohttp.TCPConnector(limit=0)
        ) as self._aimock:
            await runner.setup()
            try:
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                started(runner.addresses[0][1])
                await stopping.wait()
            finally:
                await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        asked = await _asked(request)
        verdict = self._decide(asked)
        try:
            await asyncio.sleep(verdict.delay_s)
            reply = self._refusal(asked) or verdict.reply or _ordinary_reply(asked)
            if isinstance(reply, Answer):
                return await self._relay(request, asked, reply)
            asked.status = reply.status
            asked.end("complete")
            return web.Response(
                body=reply.body, status=reply.status, headers={"Content-Type": reply.content_type}
            )
        except (asyncio.CancelledError, ConnectionResetError):
            asked.end("disconnected")
            raise

    def _refusal(self, asked: Request) -> Canned | None:
        if asked.headers.get("x-goog-api-key", asked.query.get("key")) != self._api_key:
            return replies.invalid_key()
        if asked.call != "models" and (fault := fault_of(asked)):
            return replies.invalid_argument(fault)
        return None

    async def _relay(self, request: web.Request, asked: Request, answer: Answer) -> web.StreamResponse:
        async with self._aimock.post(
            self._aimock_url + request.path_qs,
            data=orjson.dumps(asked.body),
            headers={"Content-Type": "application/json", "X-AIMock-Context": await self._context(answer)},
        ) as upstream:
            asked.status = upstream.status
            response = web.StreamResponse(
                status=upstream.status, headers={"Content-Type": upstream.headers["Content-Type"]}
            )
            await response.prepare(request)
            sent = 0
            while sent != answer.cut_after and (event := await upstream.content.readuntil(b"\n\n")):
                await response.write(event)
                sent += 1
        if sent == answer.cut_after and request.transport is not None:
            asked.end("cut")
            request.transport.close()
            return response
        await response.write_eof()
        asked.end("complete")
        return response

    async def _context(self, answer: Answer) -> str:
        """The name by which aimock knows this answer; aimock is told of it when it is first wanted."""
        if answer not in self._contexts:
            context = f"answer-{next(self._numbers)}"
            body = {"fixtures": [answer.fixture(context)]}
            async with self._aimock.post(f"{self._aimock_url}/__aimock/fixtures", json=body) as response:
                response.raise_for_status()
            self._contexts[answer] = context
        return self._contexts[answer]


async def _asked(request: web.Request) -> Request:
    method = request.match_info.get("method", "")
    try:
        body = orjson.loads(await request.read()) if request.method == "POST" else None
    except orjson.JSONDecodeError:
        body = None
    return Request(
        call=CALLS.get(method, "models"),
        method=method,
        model=request.match_info.get("model", ""),
        headers={name.lower(): value for name, value in request.headers.items()},
        query=dict(request.query),
        body=body,
    )


def _ordinary_reply(asked: Request) -> Answer | Canned:
    if asked.call == "generate" and asked.model in CHAT_MODELS:
        return Answer()
    if asked.call == "embed" and asked.model in EMBEDDING_MODELS:
        return _embeddings(asked)
    if asked.call == "models" and not asked.method:
        if not asked.model:
            return replies.json_reply(
                {"models": [described(name) for name in CHAT_MODELS + EMBEDDING_MODELS]}
            )
        if model := described(asked.model):
            return replies.json_reply(model)
    return replies.model_not_found(asked.model)


def _embeddings(asked: Request) -> Canned:
    batch = "requests" in asked.body
    embeddings = [
        {
            "values": vector_of(
                "".join(part.get("text", "") for part in item["content"]["parts"]),
                model=asked.model,
                dimensions=item.get("outputDimensionality", 3072),
            )
        }
        for item in (asked.body["requests"] if batch else [asked.body])
    ]
    return replies.json_reply({"embeddings": embeddings} if batch else {"embedding": embeddings[0]})
