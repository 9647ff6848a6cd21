"""Connections that hold out against whoever is slow, greedy or does not speak HTTP.

uvicorn bounds neither the size of a request's head nor the time that head and body take, waits for ever for
a reader that does not read, and takes the trailers of a chunked body for headers. It answers what is not HTTP
with plain text, where every other error of this service has one form.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

import httptools
import structlog
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from ragspace import errors, logs
from ragspace.api.error_responses import error_response
from ragspace.api.event_stream import DIRECT_SEND
from ragspace.api.security_headers import missing_headers

log = structlog.get_logger(__name__)

MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
MAX_PIPELINED = 16
"""Requests that may wait on one connection for the answer to the first."""

MAX_CONNECTIONS = 4096
BODY_GRACE_SECONDS = 5.0
"""A body that does not come is told by the application first, where it can be told."""

UNREAD_SECONDS = 60.0
"""How long a reader may leave unread what was sent to it."""


class _Pipeline(list[Any]):
    """As the deque of uvicorn, which takes 760 bytes for each connection and is mostly empty."""

    def appendleft(self, waiting: Any) -> None:
        self.insert(0, waiting)


class Connection(HttpToolsProtocol):
    """One connection of a client. `head_seconds` and `body_seconds` are the times that each request has."""

    # Beyond 30 names Python keeps them for each object anew, which takes 1.2 kB; uvicorn has nearly as many.
    __slots__ = (
        "_answered",
        "_arriving",
        "_deadline",
        "_head_bytes",
        "_in_head",
        "_refusal",
        "_unread",
    )

    head_seconds = 10.0
    body_seconds = 10.0

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.pipeline = _Pipeline()  # type: ignore[assignment]
        self._refusal: errors.RagspaceError | None = None
        self._arriving = False
        """Whether a request has begun and not yet come to its end."""
        self._in_head = False
        self._head_bytes = 0
        self._answered: RequestResponseCycle | None = None
        """The request that is being answered; `cycle` is the last that arrived."""
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(errors.Overloaded(retry_after=5))
            return
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self._set_deadline(None)
        self._cancel_unread()
        self._unset_keepalive_if_required()
        self._give_up()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if not self._arriving:
            # The first bytes, though it may take many more before the parser finds a beginning in them.
            self._begin()
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        # A head as long as this is refused as soon as it is known to be one: what was read with it in one
        # piece may be its body.
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(errors.HeadTooLarge())

    def _begin(self) -> None:
        self._arriving = self._in_head = True
        self._head_bytes = 0
        self._set_deadline(self.head_seconds)

    def on_message_begin(self) -> None:
        if not self._in_head:
            self._begin()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_HEAD_BYTES:
            self._break_off(errors.HeadTooLarge())

    def on_header(self, name: bytes, value: bytes) -> None:
        # After the body these are trailers: whoever could add headers there could claim to be anybody.
        if not self._in_head:
            return
        super().on_header(name, value)
        if len(self.headers) > MAX_HEADERS:
            self._break_off(errors.HeadTooLarge())

    def on_headers_complete(self) -> None:
        self._in_head = False
        if len(self.url) + sum(len(n) + len(v) + 4 for n, v in self.headers) > MAX_HEAD_BYTES:
            self._break_off(errors.HeadTooLarge())
        if self.parser.get_http_version() not in ("1.0", "1.1") or len(self.pipeline) >= MAX_PIPELINED:
            self._break_off(errors.BadRequest())
        self._set_deadline(self.body_seconds + BODY_GRACE_SECONDS)
        super().on_headers_complete()
        if self.parser.should_upgrade():
            # No other protocol is spoken here; what follows the head would be read as one.
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._arriving = self._in_head = False
        self._set_deadline(None)
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._cancel_unread()
        self._unread = self.loop.call_later(UNREAD_SECONDS, self._abort)

    def resume_writing(self) -> None:
        self._cancel_unread()
        super().resume_writing()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._answered = cycle
        cycle.scope[DIRECT_SEND] = cycle.send  # type: ignore[literal-required]
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """The parser gave up: because of what was sent, or because it was made to."""
        self._refuse(self._refusal or errors.BadRequest())

    def _unsupported_upgrade_warning(self) -> None:
        """Anybody may ask for one; it is nothing to warn of."""

    def _break_off(self, refusal: errors.RagspaceError) -> None:
        """Make the parser give up, from within one of its callbacks."""
        self._refusal = refusal
        raise httptools.HttpParserError(refusal.code)

    def _set_deadline(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, self._too_slow)

    def _cancel_unread(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _give_up(self) -> None:
        """Nothing more can be said to what was asked; uvicorn tells so only to the last that was."""
        self.pipeline.clear()
        if self._answered is not None and not self._answered.response_complete:
            self._answered.disconnected = True
            self._answered.message_event.set()

    def _abort(self) -> None:
        self._give_up()
        self.transport.abort()

    def _too_slow(self) -> None:
        self._refuse(errors.RequestTimeout())

    def _refuse(self, refusal: errors.RagspaceError) -> None:
        """Say so, where nothing else was begun to be said, and end the connection."""
        self._set_deadline(None)
        if self.transport.is_closing():
            return
        log.info("refused", code=refusal.code, status=refusal.status)
        answered = self._answered
        if answered is not None and answered.response_started and not answered.response_complete:
            self._abort()
            return
        self._give_up()
        self.transport.write(_whole_response(refusal, self.server_state.default_headers))
        self.transport.close()


def _whole_response(refusal: errors.RagspaceError, default_headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The refusal as every other error is told."""
    with logs.request() as request_id:
        response = error_response(refusal, headers={"Connection": "close", "X-Request-ID": request_id})
    headers = [*default_headers, *response.raw_headers, *missing_headers(response.raw_headers, "/api")]
    head = b"".join(b"%b: %b\r\n" % pair for pair in headers)
    return STATUS_LINE[refusal.status] + head + b"\r\n" + bytes(response.body)


def connection_class(head_seconds: float, body_seconds: float) -> type[Connection]:
    """The class of connections with these times; uvicorn makes one object of it for each."""
    times = {"head_seconds": head_seconds, "body_seconds": body_seconds}
    return type("Connection", (Connection,), times)
