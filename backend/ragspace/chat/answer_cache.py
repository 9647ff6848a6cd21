"""Answers given again: to who asks the same first question while the same passages answer it.

Only first questions of a conversation in general mode come here: all others hold a reader's own text,
selected or said before. An answer is looked for by a hash of the question, and is the right one where a
second hash, of all else that the model is told, is the same too: so nothing is found after an `ingest` that
changed one of the passages, or after a change of the prompt.
"""

import asyncio
import contextvars
import hashlib
import re
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from ragspace.conversations.records import AnswerStore, CachedAnswer
from ragspace.errors import RagspaceError
from ragspace.models.protocols import GenerationRequest

log = structlog.get_logger(__name__)

LOOK_UP_SECONDS = 0.25
"""How long the model's turn may be put off by a database that is slow to say whether it knows the answer."""

REST_SECONDS = 30.0
"""How long the store is left alone after it failed: a cache must not cost what it saves."""

KEEP_SECONDS = 5.0
"""How long keeping an answer may take."""

_FIRST_WORD = re.compile(r"[A-Z][a-z]+\b")
_END = re.compile(r"(?<=[\w\"'`)\]])(?:\.| ?[?!]+)\Z")


def normalised(question: str) -> str:
    """The question without what makes no difference to its answer: the form of its characters, white space,
    its first word's capital and its final mark. Other capitals stay (`-v` is not `-V`)."""
    text = " ".join(unicodedata.normalize("NFC", question).split())
    text = _FIRST_WORD.sub(lambda word: word[0].lower(), text, count=1) if _FIRST_WORD.match(text) else text
    return _END.sub("", text)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Two SHA-256 as hexadecimal digits: of the question, and of all else that the model is told of it."""

    question: str
    material: str


def fingerprint(request: GenerationRequest) -> Fingerprint:
    """Of a first question in general mode, which is the end of the model's only turn. Where its passages come
    from counts too, since the reader is told."""
    (turn,) = request.turns
    sources = (part for each in request.passages for part in (each.file, each.page, each.anchor))
    material = "\x00".join((request.system, turn.text.removesuffix(request.question), *sources))
    return Fingerprint(_hash(normalised(request.question)), _hash(material))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


class AnswerCache:
    """The answers in `store`: the newest `most` of them, for `days` days; either 0 keeps none.

    A store that is away, slow or without its table is the same as one that knows nothing. `hits` and `misses`
    count what was looked up.
    """

    def __init__(self, store: AnswerStore, *, most: int, days: float) -> None:
        self._store = store
        self._most = most
        self._age = timedelta(days=days)
        self._rests_until = 0.0
        self._searches: set[asyncio.Task[Sequence[CachedAnswer]]] = set()
        self.on = most > 0 and days > 0
        self.kept = 0
        self.hits = 0
        self.misses = 0

    def look_up(self, question: str) -> "LookUp":
        """Begin to look for answers to `question`; its passages can be searched for meanwhile."""
        return LookUp(self, _hash(normalised(question)))

    def search(self, question: str) -> "asyncio.Task[Sequence[CachedAnswer]]":
        """The answers to the question with this hash, whatever they were written from. Where nobody waits any
        more it ends by itself: to break it off would cost the store a connection."""
        search = asyncio.create_task(self._found(question), context=contextvars.Context())
        self._searches.add(search)
        search.add_done_callback(self._searches.discard)
        return search

    async def _found(self, question: str) -> Sequence[CachedAnswer]:
        if not self.on or time.monotonic() < self._rests_until:
            return ()
        try:
            return await self._store.cached_answers(question, datetime.now(UTC) - self._age)
        except RagspaceError as error:
            self.rest(error.code)
            return ()

    async def keep(self, answer: CachedAnswer) -> None:
        """Keep it, where the store takes it."""
        if not self.on:
            return
        try:
            async with asyncio.timeout(KEEP_SECONDS):
                await self._store.cache_answer(answer, datetime.now(UTC) - self._age, self._most)
            self.kept += 1
        except RagspaceError as error:
            self.rest(error.code)
        except TimeoutError:
            self.rest("timeout")

    def rest(self, reason: str) -> None:
        """Look nothing up for a while."""
        if time.monotonic() >= self._rests_until:
            log.warning("the answer cache is left alone for a while", reason=reason)
        self._rests_until = time.monotonic() + REST_SECONDS


class LookUp:
    """A search for answers to one question that is under way."""

    def __init__(self, cache: AnswerCache, question: str) -> None:
        self._cache = cache
        self._question = question
        self._kept_before = cache.kept
        self._search = cache.search(question)

    async def result(self, material: str, models: Sequence[str]) -> CachedAnswer | None:
        """The answer that was written from this `material` by one of `models`, the better ones first."""
        answer = _best(await self._answers(), material, models)
        if answer is None and self._cache.kept != self._kept_before:
            # One that was just being written when the search began may be there now.
            self._search = self._cache.search(self._question)
            answer = _best(await self._answers(), material, models)
        if self._cache.on:
            self._cache.hits += answer is not None
            self._cache.misses += answer is None
        return answer

    async def _answers(self) -> Sequence[CachedAnswer]:
        await asyncio.wait({self._search}, timeout=LOOK_UP_SECONDS)
        if self._search.done():
            return self._search.result()
        self._cache.rest("timeout")
        return ()


def _best(found: Sequence[CachedAnswer], material: str, models: Sequence[str]) -> CachedAnswer | None:
    fitting = [answer for answer in found if answer.material == material and answer.model in models]
    return min(fitting, key=lambda answer: models.index(answer.model), default=None)
