"""The running service: the chosen parts, their health, and the chat that joins them."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from ragspace.chat.answer_cache import AnswerCache
from ragspace.chat.pipeline import Chat
from ragspace.chat.question import Mode
from ragspace.chat.shared_answers import SharedAnswers
from ragspace.chat.streams import Answers
from ragspace.conversations.journal import Journal
from ragspace.conversations.records import Message
from ragspace.detours import choose_gates
from ragspace.errors import ConfigurationError, Service, Starting
from ragspace.health import Check, Health, Probe
from ragspace.models.quota import Quota
from ragspace.parts import choose_parts, choose_relay
from ragspace.ports import Egress
from ragspace.retrieval.retriever import Retriever
from ragspace.settings import Settings

log = structlog.get_logger(__name__)

BUILT_IN_INDEX_INTERVAL = 1.0
"""Seconds between looks at the built-in index: `ingest` in another process is followed this fast."""

JOURNAL_FLUSH_SECONDS = 2.0
"""How long a stopping server tries to write what the storage has not taken yet."""


ANSWER_AWAITED_SECONDS = 1.0
"""So much later than its answer began a question is stored, or with its answer where that takes less: a short
answer costs one transaction, and the questions of a rush are not stored while others wait to be asked."""

ABANDONED_SECONDS = 600.0
"""The age at which an answer that is still called running is taken for one of a process that was killed since
this one began; and how often such answers are looked for."""


class Runtime:
    """Opens the parts in the background, watches them, and closes what it opened.

    `fatal` is called with a ConfigurationError that shows up while the parts are opened for the first time.
    `egress` is what is known of the network outside.
    """

    def __init__(
        self,
        settings: Settings,
        fatal: Callable[[ConfigurationError], None] | None = None,
        egress: Egress | None = None,
    ) -> None:
        self.settings = settings
        self.started = time.monotonic()
        self._fatal = fatal
        self.replicas = relay = choose_relay(
            settings, self._stop_answer, self._forget_conversation, self._rescue
        )
        self._parts = parts = choose_parts(settings, relay.quota if relay else None)
        self._gates = choose_gates(settings, parts, egress or Egress())
        self._retriever = Retriever(
            parts.index, parts.embedder, reader_decides=settings.generation != "extractive"
        )
        self._journal = Journal(
            parts.conversations,
            timeout=settings.storage_seconds / 2,
            # Another replica may be asked for the conversation as soon as it has an id.
            answer_awaited=0.0 if relay else ANSWER_AWAITED_SECONDS,
        )
        interval = settings.health_interval_seconds
        index_interval = BUILT_IN_INDEX_INTERVAL if parts.index.embedded else interval
        self.health = Health(
            {
                "qdrant": Probe(self._gated("qdrant", self._check_index), index_interval, self._index_facts),
                "postgres": Probe(
                    self._gated("postgres", self._check_storage), interval, self._storage_facts
                ),
                "gemini": Probe(self._check_models, interval, self._model_facts, proves=False),
            }
        )
        self.chat = Chat(
            retriever=self._retriever,
            generator=parts.generator,
            journal=self._journal,
            health=self.health,
            answers=Answers(settings.max_running_answers, relay=relay),
            cache=AnswerCache(
                parts.conversations, most=settings.answer_cache_answers, days=settings.answer_cache_days
            ),
            shared=SharedAnswers(),
            top_k=settings.top_k,
            docs_base_url=settings.docs_base_url,
            fallback=parts.fallback,
        )
        self._index_open = False
        self._next_look_for_abandoned: float | None = None
        self._watches: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to open and watch the parts; returns at once."""
        if self.replicas is not None:
            self.replicas.start()
        for service in self.health.services:
            watch = asyncio.create_task(self.health.watch(service))
            watch.add_done_callback(self._watch_ended)
            self._watches.append(watch)

    def _watch_ended(self, watch: asyncio.Task[None]) -> None:
        error = None if watch.cancelled() else watch.exception()
        if isinstance(error, ConfigurationError) and self._fatal is not None:
            self._fatal(error)
        elif error is not None:
            log.error("a service is no longer watched", exc_info=error)

    @property
    def quota(self) -> Mapping[str, Quota]:
        """What is known of each model's quota."""
        return self._parts.ledger.known()

    def require_started(self, mode: Mode) -> None:
        """Raises Starting where a part that the answer needs was never looked at yet."""
        needed: tuple[Service, ...] = ("gemini",) if mode == "selection" else ("gemini", "qdrant")
        if any(self.health.services[service].status == "starting" for service in needed):
            raise Starting(retry_after=2)

    async def close(self) -> None:
        """Let running answers finish or end them, write what is still queued, close the parts."""
        await self.chat.answers.drain(self.settings.drain_seconds)
        if self.replicas is not None:
            await self.replicas.close()
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        await self._journal.close(JOURNAL_FLUSH_SECONDS)
        parts = self._parts
        closing = [parts.index.close(), parts.embedder.close(), parts.generator.close()]
        for error in await asyncio.gather(*closing, parts.conversations.close(), return_exceptions=True):
            if isinstance(error, BaseException):
                log.error("a part did not close cleanly", exc_info=error)
        for gate in self._gates.values():
            await gate.close()

    def _stop_answer(self, message_id: UUID) -> None:
        answer = self.chat.answers.get(message_id)
        if answer is not None:
            answer.interrupt("stopped")

    def _forget_conversation(self, conversation_id: UUID) -> None:
        self.chat.answers.forget_conversation(conversation_id)
        self._journal.forget(conversation_id)

    async def _rescue(self, answer: Message) -> None:
        await self._parts.conversations.rescue(answer)

    def _gated(self, service: Service, check: Check) -> Check:
        gate = self._gates.get(service)
        return check if gate is None else partial(gate.check, check)

    async def _check_index(self) -> None:
        if not self._index_open:
            await self._parts.embedder.open()
            await self._parts.open_index()
            self._index_open = True
        await self._retriever.prepare()

    async def _check_storage(self) -> None:
        await self._parts.conversations.open()
        await self._parts.conversations.check()
        await self._abandon_running()
        self._journal.wake()

    async def _abandon_running(self) -> None:
        """What was running before this process began is of one that was killed: but where there may be other
        replicas, it may be theirs, and they see to each other's ends."""
        now = time.monotonic()
        if self._next_look_for_abandoned is None and self.replicas is None:
            await self._parts.conversations.abandon_running(now - self.started)
        elif now >= (self._next_look_for_abandoned or 0.0):
            await self._parts.conversations.abandon_running(ABANDONED_SECONDS)
        else:
            return
        self._next_look_for_abandoned = now + ABANDONED_SECONDS

    async def _check_models(self) -> None:
        await self._parts.generator.open()
        await asyncio.gather(self._parts.generator.check(), self._parts.embedder.check())

    def _index_facts(self) -> Mapping[str, Any]:
        state = self._retriever.index_state
        facts = {
            "collection": state.collection if state else self._parts.index.collection,
            "vectors": state.passages if state else 0,
            "sample": state.sample if state else False,
        }
        return facts | _mode(self._parts.index.embedded) | self._via("qdrant")

    def _storage_facts(self) -> Mapping[str, Any]:
        pending = self._journal.pending
        facts = {"pending_writes": pending} if pending else {}
        return facts | _mode(self._parts.conversations.embedded) | self._via("postgres")

    def _via(self, service: Service) -> dict[str, str]:
        gate = self._gates.get(service)
        return {"via": "443"} if gate is not None and gate.detoured else {}

    def _model_facts(self) -> Mapping[str, Any]:
        generator = self._parts.generator
        facts: dict[str, Any] = {"model": generator.model, "provider": generator.provider}
        known = self._parts.ledger.known()
        if spent := {model: _utc(quota.spent.until) for model, quota in known.items() if quota.spent}:
            facts["out_of_quota"] = spent
        return facts | _mode(generator.provider == "extractive")


def _utc(unix_time: float) -> str:
    return datetime.fromtimestamp(unix_time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _mode(embedded: bool) -> dict[str, str]:
    return {"mode": "embedded"} if embedded else {}
