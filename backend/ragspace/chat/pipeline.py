"""From a question to the events of its answer: history, retrieval, prompt, model, citations, storage."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import structlog

from ragspace.chat import events, sources
from ragspace.chat.answer import Answer
from ragspace.chat.answer_cache import AnswerCache, Fingerprint, LookUp, fingerprint
from ragspace.chat.citations import CitationFilter
from ragspace.chat.keeping import Keeping
from ragspace.chat.prompt import general_request, selection_request
from ragspace.chat.question import Question
from ragspace.chat.shared_answers import Attachment, Piece, Pieces, SharedAnswers, Take
from ragspace.chat.streams import Answers
from ragspace.conversations.journal import Journal
from ragspace.conversations.records import CachedAnswer, Exchange, Status
from ragspace.errors import GenerationUnavailable, QuotaExceeded, RagspaceError, ShuttingDown
from ragspace.health import Health
from ragspace.models.protocols import Delta, Finish, GenerationRequest, Generator
from ragspace.retrieval.retriever import RankedPassage, Retriever
from ragspace.spans import span

log = structlog.get_logger(__name__)

Listen = Callable[[Take], Awaitable[None]]
"""Gives all pieces of one generation to who takes them."""

HISTORY_EXCHANGES = 3
"""How many earlier exchanges a follow-up question is understood by."""

NOT_FOUND_TEXT = "I could not find anything about this in the documents."
SAFETY_TEXT = "This question cannot be answered here, because the language model's safety rules forbid it."
NOTHING_SAID_ACTION = "The model ended without an answer: name another one in GEMINI_MODEL or LLM_MODEL."


@dataclass(frozen=True, slots=True)
class Chat:
    """Answers questions with the parts that the settings chose. `fallback` writes where the generator's
    quota is spent; without one the reader is told so."""

    retriever: Retriever
    generator: Generator
    journal: Journal
    health: Health
    answers: Answers
    cache: AnswerCache
    shared: SharedAnswers
    top_k: int
    docs_base_url: str | None = None
    fallback: Generator | None = None

    def ask(self, question: Question) -> Answer:
        """Start an answer and return it at once; its events come as they are made.

        Raises ShuttingDown, RateLimited or StorageUnavailable when no question is taken now.
        """
        self.answers.admit()
        self.journal.admit()
        answer = Answer(uuid4(), question.conversation_id or uuid4())
        self.answers.start(answer, _Run(self, question, answer).run())
        return answer


class _Run:
    """One question's way to its stored answer."""

    def __init__(self, chat: Chat, question: Question, answer: Answer) -> None:
        self._chat = chat
        self._question = question
        self._answer = answer
        self._keeping = Keeping(chat.journal, question, answer)
        self._started = time.perf_counter()
        self._timings: dict[str, float] = {}
        self._found: Sequence[RankedPassage] = ()
        self._suggestions: list[dict[str, str]] = []
        self._citations = CitationFilter(0)
        self._finish: Finish | None = None
        self._cached = False
        self._fingerprint: Fingerprint | None = None
        self._attachment: Attachment | None = None

    async def run(self) -> None:
        try:
            status = await self._answered()
            self._answer.seal()
            if status != "complete":
                self._detach()
            done = self._done_event(status)
            await self._store(status, done)
            if self._answer.failure is None:
                self._answer.publish(done)
            self._answer.end()
            await self._keep_for_others(status)
        finally:
            self._detach()

    async def _answered(self) -> Status:
        """Write the answer; the status with which it is to be stored."""
        try:
            await self._write_answer()
        except RagspaceError as error:
            self._chat.health.failed(error)
            return self._failed(error)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._answer.interruption is None or task is None:
                raise
            task.uncancel()
            self._flush()
            if self._answer.interruption == "stopped":
                return "stopped"
            return self._failed(ShuttingDown(retry_after=5))
        except Exception:
            log.exception("an answer failed", message_id=str(self._answer.message_id))
            return self._failed(RagspaceError())
        return "complete"

    def _failed(self, error: RagspaceError) -> Status:
        self._flush()
        cut_off = bool(self._answer.text) or isinstance(error, ShuttingDown)
        self._answer.fail(error)
        return "incomplete" if cut_off else "failed"

    async def _write_answer(self) -> None:
        history = await self._history()
        self._keeping.take()
        question, answer = self._question, self._answer
        answer.publish(events.metadata(answer.conversation_id, answer.message_id, question.mode))
        if question.mode == "selection":
            answer.publish(events.sources([]))
            request = selection_request(question.message, question.context or "")
            await self._generate(request)
            return
        repeatable = self._keeping.first and bool(self._chat.generator.models_now)
        look_up = self._chat.cache.look_up(question.message) if repeatable and self._chat.cache.on else None
        found = await self._retrieve(history)
        answer.publish(events.sources(self._sources()))
        if found is None:
            self._not_found()
        elif repeatable:
            await self._repeat_or_generate(found, look_up)
        else:
            await self._generate(found)

    async def _history(self) -> list[Exchange]:
        """What was said before; an unknown conversation gets a new id. Selection mode needs no history, and
        so no storage either."""
        conversation_id = self._question.conversation_id
        if conversation_id is None:
            return []
        try:
            history = await self._chat.journal.history(conversation_id, HISTORY_EXCHANGES)
        except RagspaceError:
            if self._question.mode == "general":
                raise
            return []
        if history is None:
            self._answer.conversation_id = uuid4()
        return history or []

    async def _retrieve(self, history: list[Exchange]) -> GenerationRequest | None:
        """The request to the model, or None where nothing in the documents fits."""
        chat = self._chat
        started = time.perf_counter()
        found = await chat.retriever.retrieve(
            self._question.message, previous=[exchange.question for exchange in history], limit=chat.top_k
        )
        self._timings["retrieval_ms"] = _milliseconds_since(started)
        chat.health.succeeded("qdrant")
        self._suggestions = sources.suggestion_list(found.suggestions, chat.docs_base_url)
        self._found = found.passages
        if not found.passages:
            return None
        passages = [each.passage for each in found.passages]
        return general_request(self._question.message, passages, history, doubtful=found.doubtful)

    async def _repeat_or_generate(self, request: GenerationRequest, look_up: LookUp | None) -> None:
        """The answer that is known; else the one that others who asked the same are just being told; else a
        new one, which is theirs too."""
        chat = self._chat
        mark = fingerprint(request)
        if look_up is not None and mark not in chat.shared:
            known = await look_up.result(mark.material, chat.generator.models_now)
            if known is not None:
                self._repeat(known)
                return
        self._fingerprint = mark
        self._attachment = chat.shared.attach(mark, lambda: chat.generator.stream(request))
        self._cached = self._attachment.late
        await self._generate(request, self._attachment.listen)

    def _repeat(self, known: CachedAnswer) -> None:
        self._cached = True
        self._citations.cited = list(known.cited)
        self._finish = Finish("stop", known.model)
        self._write(known.content)

    async def _generate(self, request: GenerationRequest, listen: Listen | None = None) -> None:
        """Have the answer written: by the generation that `listen` listens to, or by one of its own."""
        try:
            await self._stream(listen or _to_all_of(self._chat.generator.stream(request)), request)
        except QuotaExceeded as error:
            if self._chat.fallback is None or self._answer.text:
                raise
            self._chat.health.failed(error)
            self._cached = False
            await self._stream(_to_all_of(self._chat.fallback.stream(request)), request)
        else:
            self._chat.health.succeeded("gemini")

    async def _stream(self, listen: Listen, request: GenerationRequest) -> None:
        self._citations = CitationFilter(len(request.passages) if request.cite else 0)
        with span("generate") as generating:
            generating.content(ragspace__question=request.question)

            def take(piece: Piece) -> None:
                if isinstance(piece, Delta):
                    if not self._answer.text:
                        generating.event("first token")
                        request.release()
                    self._write(self._citations.feed(piece.text))
                else:
                    self._finish = self._answer.spent = piece
                    generating.set(gen_ai__response__model=piece.model, ragspace__finish=piece.reason)

            await listen(take)
        self._flush()
        if self._finish is None:
            raise GenerationUnavailable(service="gemini", action=NOTHING_SAID_ACTION)
        if self._answer.text:
            return
        if self._finish.reason == "not_found":
            self._not_found()
        elif self._finish.reason == "safety":
            self._write(SAFETY_TEXT)
        else:
            raise GenerationUnavailable(service="gemini", action=NOTHING_SAID_ACTION)

    def _not_found(self) -> None:
        """Say so, and offer the nearest headings."""
        nearest = [each.passage for each in self._found[:3]]
        self._suggestions = self._suggestions or sources.suggestion_list(nearest, self._chat.docs_base_url)
        self._found = ()
        self._finish = Finish("not_found", self._finish.model if self._finish else "")
        self._write(NOT_FOUND_TEXT)

    def _write(self, text: str) -> None:
        if not text:
            return
        self._answer.write(text)
        if "first_token_ms" not in self._timings:
            self._timings["first_token_ms"] = _milliseconds_since(self._started)
            self._keeping.begin()

    def _flush(self) -> None:
        self._write(self._citations.flush())

    def _sources(self) -> list[dict[str, Any]]:
        """As they are told; made anew for the end, since a list of them takes much while the answer lasts."""
        return sources.source_list(self._found, self._chat.docs_base_url)

    def _done_event(self, status: Status) -> events.Event:
        finish_reason = self._finish.reason if self._finish else None
        event: events.Event = {
            "type": "done",
            "sources": self._sources(),
            "finish_reason": "stopped" if status == "stopped" else finish_reason,
            "cited": self._citations.cited,
            "model": self._finish.model if self._finish else self._chat.generator.model,
            "cached": self._cached,
            "timings": self._timings | {"total_ms": _milliseconds_since(self._started)},
        }
        if finish_reason == "not_found":
            event["suggestions"] = self._suggestions
        return event

    async def _store(self, status: Status, done: events.Event) -> None:
        kept = ("finish_reason", "cited", "suggestions", "model", "cached")
        details = {key: done[key] for key in kept if key in done}
        try:
            with span("store"):
                await self._keeping.finish(status, done["sources"], details)
        except RagspaceError as error:
            self._chat.health.failed(error)
            if self._answer.failure is None:
                self._answer.fail(error)

    async def _keep_for_others(self, status: Status) -> None:
        """Keep the answer for whoever asks the same again, if it is whole and the model's own."""
        finish, mark, attachment = self._finish, self._fingerprint, self._attachment
        whole = status == "complete" and self._answer.failure is None
        if not whole or finish is None or finish.reason != "stop" or mark is None or attachment is None:
            return
        if attachment.keep():
            await self._chat.cache.keep(
                CachedAnswer(
                    mark.question,
                    mark.material,
                    finish.model,
                    self._answer.text,
                    self._citations.cited,
                    self._answer.conversation_id,
                    self._keeping.asked_at,
                )
            )

    def _detach(self) -> None:
        if self._attachment is not None:
            self._attachment.detach()


def _to_all_of(pieces: Pieces) -> Listen:
    async def listen(take: Take) -> None:
        async with aclosing(pieces):
            async for piece in pieces:
                take(piece)

    return listen


def _milliseconds_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
