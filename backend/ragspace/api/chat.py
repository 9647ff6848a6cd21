"""Asking, resuming and stopping answers."""

from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Header, Query, Request
from starlette.responses import Response

from ragspace import errors
from ragspace.api.body_route import BodyRoute
from ragspace.api.dependencies import RuntimeDep
from ragspace.api.error_handlers import ValidationFailed, documented
from ragspace.api.error_responses import error_response
from ragspace.api.event_stream import MEDIA_TYPE, EventStream, replay_response
from ragspace.api.rate_limit import RateLimit, within_rate_limit
from ragspace.api.schemas import ChatRequest
from ragspace.api.turns import Turns
from ragspace.chat.answer import Answer
from ragspace.chat.question import Question
from ragspace.chat.replay import replayed
from ragspace.runtime import Runtime

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/api/chat", tags=["chat"])
questions = APIRouter(prefix=router.prefix, tags=["chat"], route_class=BodyRoute)

EVENT = {
    "type": "object",
    "required": ["type"],
    "properties": {"type": {"enum": ["metadata", "sources", "token", "done", "error"]}},
}
STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One `data:` line of JSON per event: metadata, sources, token …, done (or error).",
        "content": {
            MEDIA_TYPE: {
                # OpenAPI 3.2's, which tools read in earlier versions, too.
                "itemSchema": {
                    "type": "object",
                    "required": ["data"],
                    "properties": {
                        "id": {"type": "string", "description": "`<message_id>:<n>`"},
                        "data": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "contentSchema": EVENT,
                        },
                    },
                },
                "example": 'data: {"type":"metadata","conversation_id":"…"}\n\n'
                'data: {"type":"token","content":"…"}\n\ndata: {"type":"done","sources":[]}\n\n',
            }
        },
    }
}


CLIENT_CLOSED_REQUEST = 499
"""nginx's, for the log alone: nobody is there to read it."""


@questions.post(
    "",
    summary="Ask a question",
    status_code=200,
    response_class=Response,
    responses=STREAM
    | documented(
        errors.InvalidJson,
        errors.OriginNotAllowed,
        errors.BodyTooLarge,
        errors.UnsupportedMediaType,
        ValidationFailed,
        errors.RateLimited,
        errors.QuotaExceeded,
        errors.RagspaceError,
        errors.RetrievalUnavailable,
        errors.GenerationUnavailable,
        errors.StorageUnavailable,
        errors.Starting,
        errors.ShuttingDown,
        errors.GenerationTimeout,
    ),
)
async def ask(body: ChatRequest, request: Request) -> Response:
    """The head is held back until the first token or a failure is known, for a moment at most: most
    failures are told by the status."""
    runtime: Runtime = request.app.state.runtime
    rate_limit: RateLimit = request.app.state.rate_limit
    client = await rate_limit.admit_question(request)
    runtime.require_started(body.mode)
    question = Question(body.message, body.mode, body.context, body.conversation_id)
    answer = await _begun_in_turn(question, client, request, runtime)
    if answer is None:
        return Response(status_code=CLIENT_CLOSED_REQUEST)
    await answer.wait_until_begun(runtime.settings.head_hold_seconds)
    await runtime.chat.answers.told(answer)
    if answer.failure is not None and not answer.text:
        return error_response(answer.failure)
    return EventStream(answer, 0, runtime.settings.keep_alive_seconds)


async def _begun_in_turn(
    question: Question, client: str, request: Request, runtime: Runtime
) -> Answer | None:
    """The answer, begun when it was the client's turn; None where the client did not wait for that."""
    if runtime.chat.answers.draining:
        raise errors.ShuttingDown(retry_after=5)
    turns: Turns = request.app.state.turns
    waited = await turns.take(client)
    try:
        if waited and await request.is_disconnected():
            turns.give_back()
            return None
        answer = runtime.chat.ask(question)
    except BaseException:
        turns.give_back()
        raise
    answer.when_finished(turns.give_back)
    metrics = request.app.state.metrics
    if metrics is not None:
        answer.when_finished(lambda: metrics.answered(answer))
    if runtime.settings.log_content:
        ids = {"message_id": str(answer.message_id)}
        log.info("question", **ids, mode=question.mode, text=question.message, context=question.context)
        answer.when_finished(lambda: log.info("answer", **ids, text=answer.text))
    return answer


@router.get(
    "/{message_id}/stream",
    summary="Go on with an answer's stream",
    status_code=200,
    response_class=Response,
    dependencies=[Depends(within_rate_limit)],
    responses=STREAM
    | documented(
        errors.InvalidEventId,
        errors.MessageNotFound,
        ValidationFailed,
        errors.RateLimited,
        errors.StorageUnavailable,
    ),
)
async def resume(
    message_id: UUID,
    request: Request,
    runtime: RuntimeDep,
    last_event_id: Annotated[str | None, Header(description="the last event received")] = None,
    last_event_id_query: Annotated[str | None, Query(alias="last_event_id")] = None,
) -> Response:
    """The events after `Last-Event-ID`, or all from the start; a stored answer is told again as a whole."""
    given = last_event_id if last_event_id is not None else last_event_id_query
    seen = _events_seen(given, message_id)
    found = await runtime.chat.answers.resume(message_id, seen)
    metrics = request.app.state.metrics
    if found is not None:
        answer, seen = found
        if metrics is not None:
            metrics.resumed("memory")
        return EventStream(answer, seen, runtime.settings.keep_alive_seconds)
    stored = await runtime.chat.journal.message(message_id)
    if stored is None:
        raise errors.MessageNotFound()
    if metrics is not None:
        metrics.resumed("storage")
    return replay_response(replayed(stored))


@router.post(
    "/{message_id}/stop",
    status_code=204,
    summary="Stop an answer",
    dependencies=[Depends(within_rate_limit)],
    responses=documented(
        errors.InvalidJson,
        errors.OriginNotAllowed,
        errors.MessageNotFound,
        errors.BodyTooLarge,
        errors.UnsupportedMediaType,
        ValidationFailed,
        errors.RateLimited,
        errors.StorageUnavailable,
    ),
)
async def stop(message_id: UUID, runtime: RuntimeDep) -> None:
    """What was written is kept; stopping again changes nothing."""
    if await runtime.chat.answers.stop(message_id):
        return
    if await runtime.chat.journal.message(message_id) is None:
        raise errors.MessageNotFound()


def _events_seen(event_id: str | None, message_id: UUID) -> int:
    """How many events the client has, by the id of the last: `<message_id>:<n>`."""
    if not event_id:
        return 0
    of_message, _, number = event_id.rpartition(":")
    if of_message != str(message_id) or not (number.isascii() and number.isdigit() and len(number) < 10):
        raise errors.InvalidEventId()
    return int(number)
