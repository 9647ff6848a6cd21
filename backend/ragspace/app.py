"""The ASGI application: wiring, and a lifespan that closes what it opened."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from ragspace import __version__, spans
from ragspace.api import chat, conversations, health
from ragspace.api.application import Application
from ragspace.api.cors import CrossOrigin
from ragspace.api.error_handlers import add_error_handlers
from ragspace.api.keys import KeyCheck
from ragspace.api.middleware import BodyCheck, Observe, OriginCheck, RequestContext
from ragspace.api.pacing import Pacing
from ragspace.api.page import page_router
from ragspace.api.rate_limit import RateLimit
from ragspace.api.reference import reference_router
from ragspace.api.turns import Turns
from ragspace.errors import ConfigurationError
from ragspace.origins import origin_regex
from ragspace.parts import choose_tracer
from ragspace.ports import Egress
from ragspace.runtime import Runtime
from ragspace.settings import Settings

KEY_HEADERS = ("Authorization", "X-API-Key")
DESCRIPTION = "Answers from your own documents, streamed with their sources."


def create_app(
    settings: Settings,
    fatal: Callable[[ConfigurationError], None] | None = None,
    egress: Egress | None = None,
) -> FastAPI:
    """The application for `settings`. `fatal` is told of a configuration that shows as wrong at start;
    `egress` is what is known of the network outside."""
    tracer = choose_tracer(settings)
    spans.use(tracer)
    runtime = Runtime(settings, fatal, egress)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        runtime.start()
        yield
        await runtime.close()
        if tracer is not None:
            await tracer.close()

    app = Application(
        title="ragspace",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        # A redirect would name the scheme that the proxy in front speaks to us, not the one of the reader.
        redirect_slashes=False,
        openapi_url=None,
    )
    app.state.runtime = runtime
    app.state.rate_limit = RateLimit(
        settings.rate_limit, settings.hops, runtime.replicas.rate_limits() if runtime.replicas else None
    )
    app.state.turns = Turns(
        settings.max_running_answers, settings.max_waiting_questions, settings.wait_seconds
    )
    observe = _measure(app, settings)
    add_error_handlers(app)
    allowed = origin_regex((*settings.allowed_origins, *settings.own_origins))
    # The last added is the outermost: errors leave with CORS headers, so that a page can read them.
    app.add_middleware(BodyCheck, seconds=settings.request_body_seconds)
    app.add_middleware(OriginCheck, allowed=allowed)
    if settings.api_key is not None:
        app.add_middleware(KeyCheck, key=settings.api_key)
    app.add_middleware(Pacing, method="POST", path=chat.router.prefix)
    app.add_middleware(RequestContext, observe=observe)
    app.add_middleware(
        CrossOrigin,
        allow_origin_regex=allowed.pattern,
        allow_methods=["GET", "HEAD", "POST", "DELETE"],
        allow_headers=["Content-Type", "Last-Event-ID", *(KEY_HEADERS if settings.api_key else ())],
        expose_headers=["X-Request-ID", "Retry-After"],
        max_age=600,
    )
    for router in (
        chat.questions,
        chat.router,
        health.router,
        conversations.router,
        page_router(),
        reference_router(app),
    ):
        app.include_router(router)
    return app


def _measure(app: FastAPI, settings: Settings) -> Observe | None:
    """Count what happens, where somebody may read it."""
    app.state.metrics = None
    if settings.metrics_token is None:
        return None
    from ragspace.api.metrics import Metrics, metrics_router

    app.state.metrics = metrics = Metrics(app.state.runtime, app.state.turns)
    app.include_router(metrics_router(metrics, settings.metrics_token))
    return metrics.requested
