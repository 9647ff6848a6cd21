"""What each delta and each question costs, counted in calls and transactions, which are the same on every
machine as seconds are not. The bounds leave room for what is worth its cost."""

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, cast

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

import ragspace
from ragspace.api.event_stream import DIRECT_SEND, EventStream
from ragspace.chat.answer_cache import AnswerCache
from ragspace.chat.pipeline import Chat
from ragspace.chat.question import Question
from ragspace.chat.shared_answers import SharedAnswers
from ragspace.chat.streams import Answers
from ragspace.conversations.journal import Journal
from ragspace.conversations.records import Message
from ragspace.conversations.repository import SqlConversations
from ragspace.conversations.write_queue import Settled
from ragspace.health import Health, Probe
from ragspace.models.openai import OpenAIGenerator
from ragspace.models.protocols import Delta, Finish, GenerationRequest
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.retriever import RankedPassage, Retrieval, Retriever
from tests.support.embedding import WordEmbedder
from tests.support.indexing import fill
from tests.support.messages import asked
from tests.support.passages import passage
from tests.support.scripted_upstream import ScriptedUpstream, sse
from tests.support.storage import sqlite_conversations

OURS = str(Path(ragspace.__file__).parent)

CALLS_PER_DELTA = 36
"""26 today, of which each task that a delta passes has its share."""

CALLS_PER_SEARCH = 200
"""105 today, of an index that is held in memory."""

CALLS_PER_ENGINE_SEARCH = 600
"""393 today; when each passage was decoded and its words looked for anew there were 3,400."""

SIMULTANEOUS = 50
COMMITS = 10
"""One for what came in the same moment, some for latecomers; without groups it would be 50."""


class FoundAtOnce:
    """In the place of the search, whose calls are another matter."""

    async def retrieve(self, *_: Any, **__: Any) -> Retrieval:
        return Retrieval((RankedPassage(found := passage("A sensor measures."), found, 0.8),))


@contextmanager
def calls_counted() -> Iterator[list[int]]:
    """Counts calls of the package's own functions, and each step of its coroutines."""
    count = [0]

    def called(frame: FrameType, what: str, _: Any) -> None:
        if what == "call" and frame.f_code.co_filename.startswith(OURS):
            count[0] += 1

    sys.setprofile(called)
    try:
        yield count
    finally:
        sys.setprofile(None)


@pytest.fixture
async def conversations(tmp_path: Path) -> AsyncIterator[SqlConversations]:
    async with sqlite_conversations(tmp_path) as opened:
        yield opened


def chat_with(generator: OpenAIGenerator, journal: Journal, conversations: SqlConversations) -> Chat:
    return Chat(
        retriever=cast("Retriever", FoundAtOnce()),
        generator=generator,
        journal=journal,
        health=Health({name: Probe(generator.check, 60) for name in ("qdrant", "postgres", "gemini")}),
        answers=Answers(10),
        cache=AnswerCache(conversations, most=0, days=0),
        shared=SharedAnswers(),
        top_k=5,
    )


async def calls_for(deltas: int, conversations: SqlConversations) -> int:
    """From the question to the last byte that is sent, each delta in a packet of its own."""
    said = [sse({"choices": [{"delta": {"content": f"word{n} "}}]}) for n in range(deltas)]
    steps = [step for delta in said for step in (delta, 0.001)]
    end = sse({"choices": [{"delta": {}, "finish_reason": "stop"}]}, "[DONE]")
    sent: list[bytes] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message.get("body", b""))

    async with ScriptedUpstream() as upstream:
        upstream.reply(*steps, end)
        generator = OpenAIGenerator(upstream.url, "model")
        chat = chat_with(generator, Journal(conversations), conversations)
        with calls_counted() as count:
            answer = chat.ask(Question("What is a sensor?"))
            scope = {"type": "http", DIRECT_SEND: send}
            await EventStream(answer, 0, 15.0)(scope, cast("Any", None), cast("Any", send))
        await generator.close()
    assert b"".join(sent).count(b"word") == deltas
    return count[0]


async def test_a_delta_costs_few_calls(conversations: SqlConversations) -> None:
    short, long = [await calls_for(deltas, conversations) for deltas in (20, 220)]

    assert (long - short) / 200 < CALLS_PER_DELTA


async def test_a_question_is_stored_when_its_answer_has_begun(conversations: SqlConversations) -> None:
    order: list[str] = []

    class NotedGenerator(OpenAIGenerator):
        async def stream(self, request: GenerationRequest) -> AsyncGenerator[Delta | Finish, None]:
            order.append("asked")
            async with aclosing(super().stream(request)) as pieces:
                async for piece in pieces:
                    yield piece

    class NotedJournal(Journal):
        def begin(self, question: Message, answer: Message, *, first: bool = False) -> Settled:
            order.append(f"stored {answer.content!r}")
            return super().begin(question, answer, first=first)

    async with ScriptedUpstream() as upstream:
        upstream.reply(sse({"choices": [{"delta": {"content": "It measures."}, "finish_reason": "stop"}]}))
        generator = NotedGenerator(upstream.url, "model")
        answer = chat_with(generator, NotedJournal(conversations), conversations).ask(Question("Sensors?"))
        while not answer.ended:
            await answer.wait(len(answer.frames), 10)
        await generator.close()

    # Without a text: by that a replica that takes over knows what was lost with the one that wrote.
    assert order == ["asked", "stored ''"]
    stored = await conversations.messages(answer.conversation_id)
    assert [message.content for message in stored or ()] == ["Sensors?", "It measures."]


@pytest.mark.parametrize(("in_memory", "calls"), [(False, CALLS_PER_ENGINE_SEARCH), (True, CALLS_PER_SEARCH)])
async def test_passages_that_were_found_before_cost_a_search_few_calls(
    tmp_path: Path, in_memory: bool, calls: int
) -> None:
    embedder = WordEmbedder()
    index = EdgeIndex(tmp_path, "docs", in_memory=in_memory)
    await fill(
        index,
        [passage(f"The sensor {n} measures{' far' * (n % 7)}.", heading=f"Sensor {n}") for n in range(100)],
        embedder,
    )
    await index.open()
    retriever = Retriever(index, embedder)
    question = "How far does the sensor measure?"

    await retriever.retrieve(question, limit=5)
    with calls_counted() as count:
        found = await retriever.retrieve(question, limit=5)
    [candidates] = await retriever.found([question])
    await index.close()

    assert len(candidates.ranked) == len(set(candidates.ranked)) >= 40
    assert len(found.passages) == 5
    assert count[0] < calls


async def test_questions_that_come_together_are_stored_together(conversations: SqlConversations) -> None:
    commits: list[None] = []

    def committed(_: Any) -> None:
        commits.append(None)

    journal = Journal(conversations)
    event.listen(Engine, "commit", committed)
    try:
        await asyncio.gather(
            *(journal.begin(s.question, s.running) for s in map(asked, map(str, range(SIMULTANEOUS))))
        )
    finally:
        event.remove(Engine, "commit", committed)

    assert len(commits) <= COMMITS
