"""An answer's events as a response: what is there goes out together, a comment where nothing comes."""

from collections.abc import Iterable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ragspace.chat.answer import Answer
from ragspace.chat.events import KEEP_ALIVE

DIRECT_SEND = "ragspace.send"
"""In a request's scope: the server's own `send`, where the server gives it."""

REST = "ragspace.rest"
"""In a request's scope: a list, to which a response may add what goes on with it when all that sees to its
head has returned, so that nothing of that is kept in memory as long as a stream lasts."""

MEDIA_TYPE = "text/event-stream"
# Proxies are told to pass each event on at once (X-Accel-Buffering is nginx's, which the Spaces edge heeds).
HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


class EventStream(Response):
    """The events of `answer` after the first `seen` ones, until its end.

    The reader's disconnect ends nothing but this response: the answer goes on by itself.
    """

    media_type = MEDIA_TYPE

    def __init__(self, answer: Answer, seen: int, keep_alive_seconds: float) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._answer = answer
        self._seen = seen
        self._keep_alive_seconds = keep_alive_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        # What stands in between does what it does to the head; it would only cost every event some calls.
        send = scope.get(DIRECT_SEND, send)
        head_only = bool(scope.get("ragspace.head"))
        rest = _end(send) if head_only else _events(self._answer, self._seen, self._keep_alive_seconds, send)
        if REST in scope:
            scope[REST].append(rest)
        else:
            await rest


async def _events(answer: Answer, seen: int, keep_alive_seconds: float, send: Send) -> None:
    while True:
        if len(answer.frames) > seen:
            chunk = b"".join(answer.frames[seen:])
            seen = len(answer.frames)
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        elif answer.ended:
            break
        elif not await answer.wait(seen, keep_alive_seconds):
            await send({"type": "http.response.body", "body": KEEP_ALIVE, "more_body": True})
    await _end(send)


async def _end(send: Send) -> None:
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def replay_response(frames: Iterable[bytes]) -> Response:
    """A stored answer's events, all at once."""
    return Response(b"".join(frames), headers=HEADERS, media_type=MEDIA_TYPE)
