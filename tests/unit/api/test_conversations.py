import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from ragspace.api.conversations import delete
from ragspace.chat.answer import Answer
from ragspace.chat.streams import Answers
from ragspace.errors import StorageUnavailable


class Away:
    """A journal whose storage is away."""

    async def delete(self, conversation_id: UUID) -> bool:
        raise StorageUnavailable(service="postgres", reason="unreachable")


async def test_a_deletion_that_is_refused_stops_no_answer():
    answers, answer = Answers(10), Answer(uuid4(), uuid4())
    go_on = asyncio.Event()

    async def work() -> None:
        await go_on.wait()
        answer.write("whole")
        answer.end()

    answers.start(answer, work())
    runtime: Any = SimpleNamespace(chat=SimpleNamespace(answers=answers, journal=Away()))
    with pytest.raises(StorageUnavailable):
        await delete(answer.conversation_id, runtime)
    go_on.set()
    async with asyncio.timeout(5):
        while not answer.ended:
            await answer.wait(len(answer.frames), 1)

    assert (answer.text, answer.failure, answer.interruption) == ("whole", None, None)
    assert answers.get(answer.message_id) is answer
