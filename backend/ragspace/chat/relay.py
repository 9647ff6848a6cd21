"""What joins several replicas of the service, as the chat sees it."""

from typing import Protocol
from uuid import UUID

from ragspace.chat.answer import Answer
from ragspace.errors import RagspaceError


class Relay(Protocol):
    """Tells the other replicas of the answers that are written here, and this one of theirs.

    None of these raises, and none waits longer than a moment for what may be away, `follow` apart: alone, a
    replica goes on with what it has itself.
    """

    def changed(self, answer: Answer) -> None:
        """A local answer has a new event, or its end. Called for every event: returns at once."""
        ...

    async def told(self, answer: Answer) -> None:
        """Wait until the other replicas can find a local answer that has its first event, a moment at most.

        A client that then has its id may go anywhere with it.
        """
        ...

    async def follow(self, message_id: UUID, seen: int) -> Answer | None:
        """An answer of another replica, whose events go on coming; None where it is not known.

        A client may have had an event before it got here: where fewer than `seen` are there, they are waited
        for, until the end of the answer or of a replica that died would have shown.
        """
        ...

    async def read(self, message_id: UUID) -> Answer | None:
        """An answer of another replica as it is now, with its text; it does not go on."""
        ...

    async def stop(self, message_id: UUID) -> bool:
        """Stop an answer of another replica; False where none is known."""
        ...

    async def forget(self, conversation_id: UUID) -> None:
        """Remove all that is kept of a deleted conversation for other replicas, and have them forget it."""
        ...

    def release(self, why: RagspaceError) -> None:
        """End the streams of all followed answers with `why`; their clients can go on at another replica."""
        ...
