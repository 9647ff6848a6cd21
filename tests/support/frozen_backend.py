"""A backend that knows only the frozen part of the API: the one that is live already."""

import asyncio
import json
from typing import Any, Self
from uuid import UUID, uuid4

from aiohttp import web

from tests.support.servers import LOOPBACK

ORIGIN = "https://my-app.vercel.app"
_TEXT = ("It ", "needs ", "four ", "secrets.")


class FrozenBackend:
    """See the module. Pages of `origin` may ask it."""

    def __init__(self, origin: str = ORIGIN) -> None:
        self.url = ""
        self._origin = origin
        self._messages: dict[str, list[dict[str, Any]]] = {}

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/api/chat", self._chat)
        app.router.add_options("/api/chat", self._preflight)
        app.router.add_get("/api/conversation/{id}", self._conversation)
        app.router.add_get("/api/health", self._health)
        app.on_response_prepare.append(_sign)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0).start()
        self.url = f"http://{LOOPBACK}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._runner.cleanup()

    def _allow(self, request: web.Request) -> dict[str, str]:
        if request.headers.get("Origin") != self._origin:
            return {}
        return {
            "Access-Control-Allow-Origin": self._origin,
            "Access-Control-Allow-Methods": "*",
            "Access-Control-Allow-Headers": "*",
        }

    async def _preflight(self, request: web.Request) -> web.Response:
        return web.Response(headers=self._allow(request))

    async def _health(self, request: web.Request) -> web.Response:
        services = {
            "fastapi": "ok",
            "qdrant": {"status": "connected", "collection": "docusaurus-book", "vectors": 12},
            "postgres": {"status": "connected"},
            "gemini": {"status": "connected", "model": "gemini-1.5-flash"},
        }
        return web.json_response(
            {"status": "healthy", "services": services, "timestamp": "2026-01-01T00:00:00Z"},
            headers=self._allow(request),
        )

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        if "message" not in asked:
            return web.json_response({"detail": []}, status=422, headers=self._allow(request))
        conversation_id = asked.get("conversation_id") or str(uuid4())
        source = {"file": "docs/a.md", "heading": "A", "similarity": 0.8}
        self._messages.setdefault(conversation_id, []).extend(
            [_message("user", asked["message"]), _message("assistant", "".join(_TEXT))]
        )
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **self._allow(request)})
        await response.prepare(request)
        events = [
            {"type": "metadata", "conversation_id": conversation_id},
            *({"type": "token", "content": word} for word in _TEXT),
            {"type": "done", "sources": [source]},
        ]
        for event in events:
            await response.write(f"data: {json.dumps(event)}\n\n".encode())
            await asyncio.sleep(0.02)
        return response

    async def _conversation(self, request: web.Request) -> web.Response:
        try:
            conversation_id = str(UUID(request.match_info["id"]))
        except ValueError:
            return web.json_response({"detail": []}, status=422, headers=self._allow(request))
        messages = self._messages.get(conversation_id)
        if messages is None:
            detail = {"detail": "Conversation not found"}
            return web.json_response(detail, status=404, headers=self._allow(request))
        told = {"conversation_id": conversation_id, "messages": messages}
        return web.json_response(told, headers=self._allow(request))


async def _sign(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "uvicorn"


def _message(role: str, text: str) -> dict[str, Any]:
    message = {"id": str(uuid4()), "role": role, "content": text, "sources": None}
    return message | {"created_at": "2026-01-01T00:00:00Z"}
