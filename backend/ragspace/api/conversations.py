"""Reading, deleting and rating what was said. An id is the only key to what it names."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter

from ragspace import errors
from ragspace.api.dependencies import RuntimeDep
from ragspace.api.error_responses import ValidationFailed, documented
from ragspace.api.schemas import Conversation, ConversationMessage, FeedbackRequest

router = APIRouter(prefix="/api", tags=["conversations"])


@router.get(
    "/conversation/{conversation_id}",
    summary="Read a conversation",
    responses=documented(errors.ConversationNotFound, ValidationFailed, errors.StorageUnavailable),
)
async def read(conversation_id: UUID, runtime: RuntimeDep) -> Conversation:
    """All messages in the order in which they were said; of a running answer, the text so far."""
    messages = await runtime.chat.journal.messages(conversation_id)
    if messages is None:
        raise errors.ConversationNotFound()
    told = []
    for message in messages:
        running = runtime.chat.answers.get(message.id) if message.status == "running" else None
        told.append(
            ConversationMessage(
                id=message.id,
                role=message.role,
                content=running.text if running else message.content,
                sources=message.sources,
                created_at=rfc3339(message.created_at),
                status=message.status if message.role == "assistant" else None,
                rating=message.rating,
            )
        )
    return Conversation(conversation_id=conversation_id, messages=told)


@router.delete(
    "/conversation/{conversation_id}",
    status_code=204,
    summary="Delete a conversation",
    responses=documented(
        errors.OriginNotAllowed, errors.ConversationNotFound, ValidationFailed, errors.StorageUnavailable
    ),
)
async def delete(conversation_id: UUID, runtime: RuntimeDep) -> None:
    """Everything of it is gone: rows, queued writes and running answers."""
    deleted = await runtime.chat.journal.delete(conversation_id)
    runtime.chat.answers.forget_conversation(conversation_id)
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
        errors.StorageUnavailable,
    ),
)
async def rate(body: FeedbackRequest, runtime: RuntimeDep) -> None:
    if not await runtime.chat.journal.rate(body.message_id, body.rating, body.comment):
        raise errors.MessageNotFound()


def rfc3339(moment: datetime) -> str:
    """UTC with a trailing Z, to the microsecond."""
    return moment.isoformat().replace("+00:00", "Z")
