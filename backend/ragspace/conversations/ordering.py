"""The order in which messages were said, and the exchanges that they make."""

from collections.abc import Iterable, Sequence

from ragspace.conversations.records import Exchange, Message


def in_order(messages: Iterable[Message]) -> list[Message]:
    """By time; at the same time a question stands before its answer; ids decide what is left."""
    return sorted(messages, key=lambda said: (said.created_at, said.role != "user", said.id))


def exchanges(messages: Sequence[Message], limit: int) -> list[Exchange]:
    """The last `limit` answers that have a text, each with the question right before it, oldest first.

    `messages` are in order. An answer without any question before it is left out.
    """
    found: list[Exchange] = []
    question: str | None = None
    for said in messages:
        if said.role == "user":
            question = said.content
        elif said.content and question is not None:
            found.append(Exchange(question, said.content))
    return found[-limit:] if limit > 0 else []
