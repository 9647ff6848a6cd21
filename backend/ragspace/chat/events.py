"""The events of an answer's stream, as docs/api.md describes them, and their form on the wire.

A live client splits the body at newlines and parses each line that starts with `data: ` as one document, so
an event's JSON stays on one line. Events are plain dicts: they are made for every token of every answer.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from ragspace.errors import RagspaceError

Event = dict[str, Any]

KEEP_ALIVE = b": keep-alive\n\n"
"""A comment line: proxies cut silent responses, the Spaces edge after about 60 seconds."""


def metadata(conversation_id: UUID, message_id: UUID, mode: str, *, replay: bool = False) -> Event:
    event: Event = {
        "type": "metadata",
        "conversation_id": str(conversation_id),
        "message_id": str(message_id),
        "mode": mode,
    }
    return event | {"replay": True} if replay else event


def sources(found: Sequence[dict[str, Any]]) -> Event:
    return {"type": "sources", "sources": list(found)}


def token(content: str) -> Event:
    return {"type": "token", "content": content}


def error(failure: RagspaceError) -> Event:
    event: Event = {"type": "error", "code": failure.code, "message": failure.message}
    return event if failure.retry_after is None else event | {"retry_after": failure.retry_after}


def frame_id(message_id: UUID) -> bytes:
    """What every event of an answer begins with."""
    return b"id: %b:" % str(message_id).encode()


def frame(of: bytes, number: int, event: Event) -> bytes:
    """The event as it goes over the wire, under the id `<message_id>:<number>`; `of` is its `frame_id`."""
    return b"%b%d\ndata: %b\n\n" % (of, number, orjson.dumps(event))
