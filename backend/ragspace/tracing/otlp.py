"""Traces over OTLP/HTTP, by OpenTelemetry's SDK, which reads its other OTEL_* variables itself.

Imported only where OTEL_EXPORTER_OTLP_ENDPOINT is set. No span holds an exception's text, an address of a
service, or an id of a conversation.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any
from urllib.parse import unquote

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers

from ragspace import __version__
from ragspace.errors import RagspaceError
from ragspace.settings import Settings
from ragspace.spans import Span

FLUSH_SECONDS = 3.0
"""How long a stopping server tries to send what it has traced."""


class OtlpTracer:
    """Implements `Tracer`. Spans are sent in the background, in batches; what cannot be sent is dropped."""

    def __init__(self, settings: Settings) -> None:
        name = settings.otel_service_name
        resource = Resource.create({"service.name": name, "service.version": __version__})
        exporter = OTLPSpanExporter(
            f"{settings.otel_exporter_otlp_endpoint}/v1/traces",
            headers=headers_of(settings),
            timeout=FLUSH_SECONDS,
        )
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("ragspace", __version__)
        self._content = settings.log_content

    def span(self, name: str) -> AbstractContextManager[Span]:
        return self._begun(name, trace.SpanKind.INTERNAL, None)

    def request(self, scope: Any) -> AbstractContextManager[Span]:
        headers = Headers(scope=scope)
        parent = TraceContextTextMapPropagator().extract(
            {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}, Context()
        )
        return self._begun("request", trace.SpanKind.SERVER, parent)

    @contextmanager
    def _begun(self, name: str, kind: trace.SpanKind, parent: Context | None) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name, parent, kind, record_exception=False, set_status_on_exception=False
        ) as begun:
            try:
                yield _OtlpSpan(begun, self._content)
            except BaseException as error:
                # Its text, and what a traceback shows, may hold anything.
                code = error.code if isinstance(error, RagspaceError) else type(error).__name__
                begun.set_attribute("error.type", code)
                begun.set_status(trace.StatusCode.ERROR)
                raise

    async def close(self) -> None:
        """Send what is left, for a moment at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS + 1):
                await asyncio.to_thread(self._provider.shutdown)


class _OtlpSpan(Span):
    def __init__(self, span: trace.Span, content: bool) -> None:
        self._span = span
        self._content = content

    def set(self, **attributes: str | int | float) -> None:
        for name, value in attributes.items():
            self._span.set_attribute(name.replace("__", "."), value)

    def event(self, name: str) -> None:
        self._span.add_event(name)

    def content(self, **attributes: str) -> None:
        if self._content:
            self.set(**attributes)


def headers_of(settings: Settings) -> Mapping[str, str]:
    """What OTEL_EXPORTER_OTLP_HEADERS says: `name=value` pairs, comma-separated, percent-encoded."""
    given = settings.otel_exporter_otlp_headers
    pairs = given.get_secret_value().split(",") if given else []
    parted = (pair.partition("=") for pair in pairs)
    return {name.strip().lower(): unquote(value.strip()) for name, _, value in parted if name.strip()}
