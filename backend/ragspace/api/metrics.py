"""What Prometheus reads at /metrics; not even imported where METRICS_TOKEN is not set."""

import time
from collections.abc import Iterator
from typing import Literal

import orjson
from fastapi import APIRouter, Request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0, generate_latest
from prometheus_client.registry import Collector
from pydantic import SecretStr
from starlette.responses import Response

from ragspace import errors
from ragspace.api.keys import brings
from ragspace.api.turns import Turns
from ragspace.chat.answer import Answer
from ragspace.runtime import Runtime

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Counts requests and answers; all else is read from the running service when it is asked for."""

    def __init__(self, runtime: Runtime, turns: Turns) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "ragspace_requests", "Requests.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "ragspace_request_seconds",
            "Time until the response was sent.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._answers = Counter(
            "ragspace_answers",
            "Answers by how they ended: a finish_reason of done, or the code of an error.",
            ("finish",),
            registry=self.registry,
        )
        self._cached = Counter(
            "ragspace_cached_answers", "Answers told again from the cache.", registry=self.registry
        )
        self._tokens = Counter(
            "ragspace_tokens",
            "Tokens that the model counted, of answers that it brought to their end.",
            ("model", "kind"),
            registry=self.registry,
        )
        self._resumed = Counter(
            "ragspace_resumed_streams",
            "Streams that were gone on with: of answers in memory, or told again from storage.",
            ("source",),
            registry=self.registry,
        )
        self._timings = {
            key: Histogram(f"ragspace_{name}_seconds", text, buckets=SECONDS, registry=self.registry)
            for key, name, text in (
                ("retrieval_ms", "retrieval", "Time that the search took."),
                ("first_token_ms", "first_token", "Time from the question to the first token."),
                ("total_ms", "answer", "Time from the question to the end of its answer."),
            )
        }
        self.registry.register(_Now(runtime, turns))

    def requested(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request is over. Raises nothing, and keeps nothing that a client could make up."""
        known = method if method in METHODS else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def answered(self, answer: Answer) -> None:
        """An answer has ended: its last event says how."""
        if not answer.frames:
            return
        last = orjson.loads(answer.frames[-1].split(b"data: ", 1)[1])
        self._answers.labels(str(last.get("code") or last.get("finish_reason"))).inc()
        if last.get("cached"):
            self._cached.inc()
        if (spent := answer.spent) is not None and spent.usage is not None:
            self._tokens.labels(spent.model, "prompt").inc(spent.usage.prompt)
            self._tokens.labels(spent.model, "output").inc(spent.usage.output)
        for key, milliseconds in (last.get("timings") or {}).items():
            if key in self._timings:
                self._timings[key].observe(milliseconds / 1000)

    def resumed(self, source: Literal["memory", "storage"]) -> None:
        self._resumed.labels(source).inc()


class _Now(Collector):
    """What is so at the moment of asking."""

    def __init__(self, runtime: Runtime, turns: Turns) -> None:
        self._runtime = runtime
        self._turns = turns

    def collect(self) -> Iterator[Metric]:
        runtime = self._runtime
        yield _gauge("running_answers", "Answers being written.", runtime.chat.answers.running)
        yield _gauge("waiting_questions", "Questions that wait for their turn.", self._turns.waiting)
        yield _gauge("uptime_seconds", "Time since the start.", time.monotonic() - runtime.started)
        states = GaugeMetricFamily("ragspace_service_up", "1: connected.", labels=("service", "reason"))
        waiting = 0
        for name, service in runtime.health.report().items():
            states.add_metric((name, service.get("reason", "")), service["status"] == "connected")
            waiting += service.get("pending_writes", 0)
        yield states
        yield _gauge("pending_writes", "Writes that wait for the storage.", waiting)
        spent = GaugeMetricFamily(
            "ragspace_quota_spent_seconds",
            "Time until the model's quota renews; 0: not spent.",
            labels=("model",),
        )
        left = GaugeMetricFamily(
            "ragspace_quota_left_requests",
            "Requests that the minute still has, where the model has told its limit; 0: spent.",
            labels=("model",),
        )
        for model, quota in runtime.quota.items():
            seconds = max(0.0, quota.spent.until - time.time()) if quota.spent else 0.0
            spent.add_metric((model,), seconds)
            if quota.spent:
                left.add_metric((model,), 0)
            elif quota.minute_limit is not None:
                left.add_metric((model,), max(0, quota.minute_limit - quota.minute_requests))
        yield spent
        yield left


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"ragspace_{name}", text, value=value)


def metrics_router(metrics: Metrics, token: SecretStr) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    async def tell(request: Request) -> Response:
        if not brings(request.headers, token):
            raise errors.Unauthorized(action="Send the value of METRICS_TOKEN as Authorization: Bearer.")
        headers = {"Cache-Control": "no-store"}
        return Response(
            generate_latest(metrics.registry), headers=headers, media_type=CONTENT_TYPE_PLAIN_1_0_0
        )

    return router
