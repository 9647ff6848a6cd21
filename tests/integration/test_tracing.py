"""Traces, sent to a real OTLP/HTTP receiver on loopback and read with OpenTelemetry's own protobuf."""

import asyncio
import gzip
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from structlog.testing import capture_logs

from ragspace import configuration
from ragspace.parts import choose_tracer
from tests.support.chat import ask
from tests.support.fresh_interpreter import MAKE_APP, modules_after
from tests.support.server import RunningServer
from tests.support.servers import LOOPBACK

QUESTION = "Which secrets does the Space need, zq7mark?"
TOKEN = "zq7mark-token-of-the-receiver"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Receiver:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.headers: list[str | None] = []
        self.spans: list[Span] = []
        self.services: set[str] = set()

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        if body[:2] == b"\x1f\x8b":
            body = gzip.decompress(body)
        self.headers.append(request.headers.get("Authorization"))
        self.raw.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            self.services.add(named["service.name"])
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        return web.Response(content_type="application/x-protobuf")

    def of_trace(self, trace: str) -> dict[str, Span]:
        return {span.name: span for span in self.spans if span.trace_id.hex() == trace}


Traced = Callable[..., Awaitable[tuple[Receiver, RunningServer]]]


@pytest.fixture
async def traced(tmp_path: Path) -> AsyncIterator[Traced]:
    """Starts a receiver, and a server that sends to it."""
    async with AsyncExitStack() as stack:

        async def start(**changes: str) -> tuple[Receiver, RunningServer]:
            receiver = Receiver()
            app = web.Application()
            app.router.add_post("/v1/traces", receiver.take)
            runner = web.AppRunner(app)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, LOOPBACK, 0).start()
            environment = {
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{LOOPBACK}:{runner.addresses[0][1]}/",
                "OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{TOKEN}",
                "OTEL_BSP_SCHEDULE_DELAY": "100",
                **changes,
            }
            server = RunningServer(tmp_path, environment)
            await asyncio.to_thread(server.start)
            stack.push_async_callback(asyncio.to_thread, stopped, server)
            return receiver, server

        yield start


def stopped(server: RunningServer) -> None:
    if server._process is not None:
        server.stop()


async def asked(server: RunningServer) -> None:
    """One question, as a client that traces asks it; and the server's end, which sends what is left."""
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    async with aiohttp.ClientSession(server.url, headers=headers) as client:
        await ask(client, QUESTION)
    await asyncio.to_thread(server.stop)


async def test_a_question_is_one_trace_that_goes_on_with_the_clients(traced: Traced):
    receiver, server = await traced(OTEL_SERVICE_NAME="docs-chat")
    await asked(server)
    spans = receiver.of_trace(TRACE)
    assert set(spans) == {"request", "embed", "search", "generate", "store"}
    request = spans.pop("request")
    assert request.parent_span_id.hex() == PARENT
    assert request.kind == Span.SPAN_KIND_SERVER
    assert {span.parent_span_id for span in spans.values()} == {request.span_id}
    assert [event.name for event in spans["generate"].events] == ["first token"]
    told = {each.key: each.value for each in request.attributes}
    assert told["http.route"].string_value == "/api/chat"
    assert told["http.response.status_code"].int_value == 200
    assert receiver.services == {"docs-chat"}
    assert set(receiver.headers) == {f"Bearer {TOKEN}"}
    assert b"zq7mark" not in b"".join(receiver.raw)
    assert "zq7mark" not in server.log


async def test_what_was_asked_is_in_it_only_where_content_is_logged(traced: Traced):
    receiver, server = await traced(LOG_CONTENT="1")
    await asked(server)
    generate = receiver.of_trace(TRACE)["generate"]
    assert QUESTION in [each.value.string_value for each in generate.attributes]
    assert TOKEN.encode() not in b"".join(receiver.raw)


async def test_a_receiver_that_is_not_there_harms_no_answer_and_holds_up_no_end(traced: Traced):
    _, server = await traced(OTEL_EXPORTER_OTLP_ENDPOINT="http://no-such-receiver.invalid")
    async with aiohttp.ClientSession(server.url) as client:
        assert (await ask(client, QUESTION)).last["type"] == "done"
    assert await asyncio.to_thread(server.stop) == 0
    assert "no-such-receiver" not in server.log


def test_without_the_variable_nothing_of_it_is_imported() -> None:
    """FastAPI itself imports OpenTelemetry's API, which does nothing without the SDK."""
    heavy = (
        "opentelemetry.sdk",
        "opentelemetry.exporter",
        "opentelemetry.proto",
        "google.protobuf",
        "ragspace.tracing",
    )
    assert [name for name in modules_after(MAKE_APP) if name.startswith(heavy)] == []


def test_without_the_extra_the_log_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ragspace.tracing.otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with capture_logs() as lines:
        tracer = choose_tracer(configuration.load({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://traces.invalid"}))
    assert tracer is None
    assert [line["action"] for line in lines] == ["pip install 'ragspace[tracing]'"]
    assert "traces.invalid" not in str(lines)
