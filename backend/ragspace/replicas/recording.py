"""An answer's events as they lie in a Redis stream.

An entry holds the events since the one before: `n` is the number of its first event, `f` its events as they
go over the wire, one after the other; the first entry also has `c`, the conversation. An entry's id is the
number of its last event: whoever has seen n events reads on after `n-0`, and what is sent a second time,
after a failure that left open whether it had arrived, is refused. The last entry bears END instead: after it
Redis takes no other, so that an answer has one end, whoever is first to write it. `e` says who was: `end` the
replica that wrote the answer, `lost` another one, after its death.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from ragspace.chat import events
from ragspace.chat.answer import Answer
from ragspace.conversations.records import Message
from ragspace.errors import ShuttingDown

END = "18446744073709551615-0"
"""No greater id is possible with this time part."""

IS_THERE = "equal or smaller"
"""How Redis refuses an entry that it has already, or one that comes after the last."""

Entry = tuple[bytes, Mapping[bytes, bytes]]
Fields = dict[str, str | int | bytes]


def entry_id(count: int) -> str:
    """Of the entry whose last event is the `count`-th."""
    return f"{count}-0"


def fields(answer: Answer, seen: int) -> Fields:
    """The entry for the events of `answer` after the first `seen` ones."""
    entry: Fields = {"n": seen + 1, "f": b"".join(answer.frames[seen:])}
    if seen == 0:
        entry["c"] = str(answer.conversation_id)
    if answer.ended:
        entry["e"] = "end"
    return entry


class Recording:
    """An answer made up again from the entries of its stream; `cursor` is the id of the last one."""

    def __init__(self, message_id: UUID, entries: Sequence[Entry] = ()) -> None:
        self.answer = Answer(message_id, UUID(int=0))
        self.cursor: bytes = b"0-0"
        self.whole = True
        """Whether no event is missing (Redis may have lost the first ones)."""
        self.add(entries)

    def add(self, entries: Sequence[Entry]) -> None:
        """Add the entries that came since; events that are there already are left out."""
        for cursor, entry in entries:
            self.cursor = cursor
            first, frames = int(entry[b"n"]), _split(entry.get(b"f", b""))
            known = len(self.answer.frames)
            if first > known + 1:
                self.whole = False
                return
            if b"c" in entry:
                self.answer.conversation_id = UUID(entry[b"c"].decode())
            self.answer.lost = entry.get(b"e") == b"lost"
            if frames[known + 1 - first :]:
                self.answer.relay(frames[known + 1 - first :])
            if b"e" in entry:
                self.answer.end()

    def end_as_lost(self) -> Fields:
        """The entry that ends the answer of a replica that died."""
        number = len(self.answer.frames) + 1
        failure = events.error(ShuttingDown(retry_after=1))
        return {"n": number, "f": self.answer.frame(number, failure), "e": "lost"}

    def read(self) -> Answer:
        """The answer with its text."""
        self.answer.text = "".join(e["content"] for e in self._events() if e["type"] == "token")
        return self.answer

    def message(self) -> Message:
        """What is to be kept of the answer; only its end tells with which status."""
        told = self._events()
        by_type = {event["type"]: event for event in told}
        answer = self.read()
        message = Message(
            id=answer.message_id,
            conversation_id=answer.conversation_id,
            role="assistant",
            content=answer.text,
            created_at=datetime.now(UTC),
            sources=by_type.get("sources", {}).get("sources", []),
            details={"mode": by_type.get("metadata", {}).get("mode", "general")},
        )
        if "done" in by_type:
            done = by_type["done"]
            kept = ("finish_reason", "cited", "suggestions", "model")
            return replace(
                message,
                status="stopped" if done.get("finish_reason") == "stopped" else "complete",
                sources=done.get("sources", []),
                details=message.details | {key: done[key] for key in kept if key in done},
            )
        code = by_type.get("error", {}).get("code", ShuttingDown.code)
        cut_off = bool(answer.text) or code == ShuttingDown.code
        return replace(
            message, status="incomplete" if cut_off else "failed", details=message.details | {"error": code}
        )

    def _events(self) -> list[dict[str, Any]]:
        return [orjson.loads(frame[frame.index(b"data: ") + 6 :]) for frame in self.answer.frames]


def _split(frames: bytes) -> list[bytes]:
    """Each event by itself; an event ends with an empty line and has no other."""
    return [frame + b"\n\n" for frame in frames.split(b"\n\n")[:-1]]
