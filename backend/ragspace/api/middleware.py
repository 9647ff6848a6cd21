"""What every request passes: its id and log line, the origin check, the body's form and size."""

import asyncio
import re
import time
from collections.abc import Callable, Coroutine

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ragspace import errors, logs
from ragspace.api.error_responses import error_response
from ragspace.api.event_stream import DIRECT_SEND, REST
from ragspace.api.security_headers import missing_headers
from ragspace.spans import request_span

log = structlog.get_logger("ragspace.access")

MAX_BODY_BYTES = 64 * 1024
BODY_SECONDS = 10.0
"""A body that takes longer will not come; waiting for it would hold up the end of the process."""

_JSON = re.compile(r"application/(?:.+\+)?json")
LOGGED_PATH = 200
"""Characters of an address that a log line shows: its sender makes it as long as it likes."""

Observe = Callable[[str, str, int, float], None]
"""Told the method, the route (a template, never an id), the status (0: none was sent) and the seconds."""

STATE_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class RequestContext:
    """Gives each request an id, logs it, and turns an exception that nobody expected into a told error.

    HEAD is answered as GET; the server leaves the body out. `observe` is told of each request at its end.
    """

    def __init__(self, app: ASGIApp, observe: Observe | None = None) -> None:
        self._app = app
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0
        method, path = scope["method"], scope["path"]

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = message.get("headers", ())
                headers = [*given, (b"x-request-id", request_id.encode()), *missing_headers(given, path)]
                message = {**message, "headers": headers}
            await send(message)

        rest: list[Coroutine[None, None, None]] = []
        head = {"method": "GET", "ragspace.head": True} if method == "HEAD" else {}
        inner: Scope = {**scope, **head, REST: rest}
        # The connection would hold itself, for the garbage collector to find.
        scope.pop(DIRECT_SEND, None)
        route = "none"
        with logs.request() as request_id, request_span(scope) as span:
            try:
                try:
                    await self._app(inner, receive, send_with_headers)
                finally:
                    route = getattr(inner.get("route"), "path", route)
                    inner.clear()  # what the framework keeps in it would stay as long as a stream lasts
                for going_on in rest:
                    await going_on
            except Exception:
                log.exception("request failed", method=method, path=path[:LOGGED_PATH])
                if status:
                    raise
                await error_response(errors.RagspaceError())(scope, receive, send_with_headers)
            finally:
                seconds = time.perf_counter() - started
                log.info(
                    "request",
                    method=method,
                    path=path[:LOGGED_PATH],
                    status=status,
                    duration_ms=round(seconds * 1000, 1),
                )
                span.set(http__request__method=method, http__route=route, ragspace__request_id=request_id)
                span.set(http__response__status_code=status)
                if self._observe is not None:
                    self._observe(method, route, status, seconds)


class OriginCheck:
    """Refuses state-changing requests of pages that are not allowed.

    The Spaces edge answers preflights itself and reflects any origin, so that CORS headers protect nothing
    there. A request without Origin is no browser's and passes: this limits abuse, it is no authentication.
    """

    def __init__(self, app: ASGIApp, allowed: re.Pattern[str]) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in STATE_CHANGING:
            origin = Headers(scope=scope).get("origin")
            if origin is not None and not self._allowed.fullmatch(origin):
                await error_response(errors.OriginNotAllowed())(scope, receive, send)
                return
        await self._app(scope, receive, send)


class BodyCheck:
    """Takes bodies of JSON up to 64 KiB, whole within `seconds`, before anything parses them."""

    def __init__(self, app: ASGIApp, seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in STATE_CHANGING:
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._seconds):
                body = await _whole_body(Headers(scope=scope), receive)
        except (errors.RagspaceError, TimeoutError) as error:
            refusal = errors.InvalidJson() if isinstance(error, TimeoutError) else error
            await error_response(refusal, headers={"Connection": "close"})(scope, receive, send)
            return
        if body is None:
            return
        given = False

        async def receive_again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, receive_again, send)


async def _whole_body(headers: Headers, receive: Receive) -> bytes | None:
    """The body; None where the client went away before it was whole."""
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length) > MAX_BODY_BYTES:
        raise errors.BodyTooLarge()
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise errors.BodyTooLarge()
        if not message.get("more_body", False):
            break
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and not _JSON.fullmatch(media_type):
        raise errors.UnsupportedMediaType()
    return bytes(body)
