"""Reading, deleting and rating what was said. An id is the only key to what it names."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends
from starlette.responses import Response

from ragspace import errors
from ragspace.api.dependencies import RuntimeDep
from ragspace.api.error_handlers import ValidationFailed, documented
from ragspace.api.rate_limit import within_rate_limit
from ragspace.api.schemas import Conversation, FeedbackRequest
from ragspace.conversations.records import Message

router = APIRouter(prefix="/api", tags=["conversations"], dependencies=[Depends(within_rate_limit)])


@router.get(
    "/conversation/{conversation_id}",
    summary="Read a conversation",
    response_model=Conversation,
    responses=documented(
        errors.ConversationNotFound, ValidationFailed, errors.RateLimited, errors.StorageUnavailable
    ),
)
async def read(conversation_id: UUID, runtime: RuntimeDep) -> Response:
    """All messages in the order in which they were said; of a running answer, the text so far."""
    messages = await runtime.chat.journal.messages(conversation_id)
    if messages is None:
        raise errors.ConversationNotFound()
    running = {
        message.id: answer.text
        for message in messages
        if message.status == "running" and (answer := await runtime.chat.answers.read(message.id))
    }
    # In a thread: a long conversation takes as long as hundreds of tokens of other answers.
    body = await asyncio.to_thread(_told, conversation_id, messages, running)
    return Response(body, media_type="application/json")


def _told(conversation_id: UUID, messages: Sequence[Message], running: Mapping[UUID, str]) -> bytes:
    """A `Conversation` as JSON; `running` holds the texts so far."""
    told = [
        {
            "id": str(message.id),
            "role": message.role,
            "content": running.get(message.id, message.content),
            "sources": message.sources,
            "created_at": rfc3339(message.created_at),
            "status": message.status if message.role == "assistant" else None,
            "rating": message.rating,
        }
        for message in messages
    ]
    return orjson.dumps({"conversation_id": str(conversation_id), "messages": told})


@router.delete(
    "/conversation/{conversation_id}",
    status_code=204,
    summary="Delete a conversation",
    responses=documented(
        errors.InvalidJson,
        errors.OriginNotAllowed,
        errors.ConversationNotFound,
        errors.BodyTooLarge,
        errors.UnsupportedMediaType,
        ValidationFailed,
        errors.RateLimited,
        errors.StorageUnavailable,
    ),
)
async def delete(conversation_id: UUID, runtime: RuntimeDep) -> None:
    """Everything of it is gone: rows, queued writes and running answers."""
    deleted = await runtime.chat.journal.delete(conversation_id)
    await runtime.chat.answers.forget_everywhere(conversation_id)
    if not deleted:
        raise errors.ConversationNotFound()


@router.post(
    "/feedback",
    status_code=204,
    summary="Rate an answer",
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
async def rate(body: FeedbackRequest, runtime: RuntimeDep) -> None:
    if not await runtime.chat.journal.rate(body.message_id, body.rating, body.comment):
        raise errors.MessageNotFound()


def rfc3339(moment: datetime) -> str:
    """UTC with a trailing Z, to the microsecond."""
    return moment.isoformat().replace("+00:00", "Z")
