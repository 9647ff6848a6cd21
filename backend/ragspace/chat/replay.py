"""A stored answer told again as a stream: for whoever comes back after its events are gone from memory."""

from collections.abc import Iterator

from ragspace import errors
from ragspace.chat import events
from ragspace.conversations.records import Message

_FAILURES: dict[str, type[errors.RagspaceError]] = {
    kind.code: kind
    for kind in (
        errors.QuotaExceeded,
        errors.ShuttingDown,
        errors.Starting,
        errors.RagspaceError,
        errors.RetrievalUnavailable,
        errors.GenerationUnavailable,
        errors.GenerationTimeout,
        errors.StorageUnavailable,
    )
}


def replayed(answer: Message) -> Iterator[bytes]:
    """The frames of a stored answer: metadata, one token with the whole text, and its end."""
    numbered = enumerate(_events(answer), start=1)
    frame_id = events.frame_id(answer.id)
    return (events.frame(frame_id, number, event) for number, event in numbered)


def _events(answer: Message) -> Iterator[events.Event]:
    details = dict(answer.details)
    mode = details.pop("mode", "general")
    code = details.pop("error", None)
    yield events.metadata(answer.conversation_id, answer.id, mode, replay=True)
    if answer.content:
        yield events.token(answer.content)
    if code is None and answer.status in ("complete", "stopped"):
        yield {
            "type": "done",
            "sources": answer.sources or [],
            "finish_reason": "stop",
            "cited": [],
            "cached": False,
        } | details
    else:
        yield events.error(_failure(code))


def _failure(code: str | None) -> errors.RagspaceError:
    kind = _FAILURES.get(code or "", errors.GenerationUnavailable)
    return kind(service="gemini") if issubclass(kind, errors.ServiceUnavailable) else kind()
