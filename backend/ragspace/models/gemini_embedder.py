"""Vectors made by Gemini."""

import asyncio
import math
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ragspace.errors import QuotaExceeded, RetrievalUnavailable
from ragspace.models.gemini_api import (
    ACTIONS,
    BASE_URL,
    CHECK_TIMEOUT,
    CONNECT_TIMEOUT,
    STATUS_PAGE,
    UNAUTHORIZED_ACTION,
    UNTRUSTED_ACTION,
    gemini,
    is_daily_quota,
    is_unauthorized,
    model_path,
    retry_delay,
    spent_quota,
)
from ragspace.models.protocols import Purpose, Vector
from ragspace.models.quota import LocalQuotaLedger, QuotaLedger, Spent, seconds_left
from ragspace.upstream import UpstreamFailure, repeatable

BATCH = 100
"""Texts in one request, at most (Gemini's limit)."""

FULL_SIZE_REFUSALS = 2
"""Refusals for a minute's quota, each waited out, before a request is sent with half its texts. Gemini is
reported (June 2026) to count every text of a batch, and a minute may then be too short for all of them."""

PASSAGE_ATTEMPTS = 6
QUESTION_ATTEMPTS = 2

MAX_WAIT = 90.0
"""Seconds between two attempts, at most: longer than the minute by which Gemini counts."""

_TASK_TYPE: dict[Purpose, str] = {"question": "RETRIEVAL_QUERY", "passage": "RETRIEVAL_DOCUMENT"}

_PASSING_STATUS = {429, 500, 502, 503, 504}

_UNKNOWN_MODEL_ACTION = (
    "Gemini does not know the model named in GEMINI_EMBEDDING_MODEL: name one that is in service, and run "
    "`ragspace ingest --rebuild` if the collection was made with another."
)
_EMBEDDING_ERROR_ACTION = (
    f"See {STATUS_PAGE} whether Gemini fails for all; EMBEDDING_PROVIDER=local does without it (then run "
    "`ragspace ingest --rebuild`)."
)
_QUOTA_ACTION = (
    "Wait for the quota to renew, or set EMBEDDING_PROVIDER=local and run `ragspace ingest --rebuild`: "
    "local embeddings have no quota."
)
_DIMENSIONS_ACTION = (
    "Set EMBEDDING_DIMENSIONS to dimensions that the model in GEMINI_EMBEDDING_MODEL can make."
)


class GeminiEmbedder:
    """An Embedder over `batchEmbedContents`.

    Passages are in no hurry: a call that failed for a passing reason is tried again after the time that
    Gemini asks for, else after `backoff` seconds, doubled each time, with jitter, and with fewer texts where
    a minute's quota is smaller than the request. A day's quota ends the call at once. A reader waits for a
    question: it gets one quick second try, and none where a quota or the time is spent; one that the `ledger`
    knows to be spent is not asked.
    """

    def __init__(
        self,
        api_key: str,
        model: str = "gemini-embedding-001",
        base_url: str = BASE_URL,
        *,
        default_dimensions: int = 768,
        ledger: QuotaLedger | None = None,
        timeout: float = 30.0,
        question_timeout: float = 10.0,
        connect_timeout: float = CONNECT_TIMEOUT,
        check_timeout: float = CHECK_TIMEOUT,
        backoff: float = 1.0,
    ) -> None:
        self._model = model.removeprefix("models/")
        self._default_dimensions = default_dimensions
        self._backoff = backoff
        self._ledger = ledger or LocalQuotaLedger()
        self._batch = BATCH
        self._timeout: dict[Purpose, float] = {"question": question_timeout, "passage": timeout}
        self._check_timeout = check_timeout
        self._upstream = gemini(api_key, base_url, timeout=timeout, connect_timeout=connect_timeout)

    @property
    def model(self) -> str:
        return self._model

    @property
    def default_dimensions(self) -> int:
        return self._default_dimensions

    async def open(self) -> None:
        await self._upstream.open()

    async def close(self) -> None:
        await self._upstream.close()

    async def check(self) -> None:
        try:
            await self._upstream.call(
                "GET", model_path(self._model), timeout=self._check_timeout, regardless=True
            )
        except UpstreamFailure as failure:
            raise _public(failure) from None

    async def embed(self, texts: Sequence[str], *, purpose: Purpose, dimensions: int) -> list[Vector]:
        vectors: list[Vector] = []
        while len(vectors) < len(texts):
            batch = texts[len(vectors) : len(vectors) + self._batch]
            vectors += await self._some(batch, purpose, dimensions)
        return vectors

    async def _some(self, texts: Sequence[str], purpose: Purpose, dimensions: int) -> list[Vector]:
        """The vectors of the first of `texts`: of all, unless so many at once exceed a minute's quota."""
        attempts = PASSAGE_ATTEMPTS if purpose == "passage" else QUESTION_ATTEMPTS
        attempt = refusals = 1
        while True:
            spent = await self._ledger.admit(self._model)
            if spent is not None and (purpose == "question" or spent.period == "day"):
                raise _quota_exceeded(spent)
            try:
                answer = await self._upstream.call(
                    "POST",
                    model_path(self._model, "batchEmbedContents"),
                    request_body(self._model, texts, purpose, dimensions),
                    timeout=self._timeout[purpose],
                    regardless=purpose == "passage",
                )
                return _vectors(answer, len(texts), dimensions)
            except UpstreamFailure as failure:
                if failure.status == 429:
                    refused = spent_quota(failure, datetime.now(UTC))
                    await self._ledger.refused(self._model, refused)
                    texts = texts[: self._fewer(len(texts), refused.limit, refusals)]
                    refusals += 1
                if attempt >= attempts or not self._worth_another_try(failure, purpose):
                    raise _public(failure) from None
                wait = self._wait(failure, attempt, purpose)
            await asyncio.sleep(wait)
            attempt += 1

    def _fewer(self, size: int, limit: int | None, refusals: int) -> int:
        """How many texts a request may have that was refused with `size`; what Gemini told is kept to."""
        if limit is not None and 0 < limit < size:
            self._batch = limit
            return limit
        return size if refusals < FULL_SIZE_REFUSALS else max(1, size // 2)

    def _worth_another_try(self, failure: UpstreamFailure, purpose: Purpose) -> bool:
        if purpose == "question":
            return repeatable(failure) and self._upstream.circuit.may_repeat()
        if failure.status is None:
            return failure.reason in ("unreachable", "timeout")
        return failure.status in _PASSING_STATUS and not is_daily_quota(failure)

    def _wait(self, failure: UpstreamFailure, attempt: int, purpose: Purpose) -> float:
        jitter = random.uniform(0.75, 1.25)  # noqa: S311 -- spreads load, guards nothing
        if purpose == "question":
            return self._backoff / 4 * jitter
        asked = retry_delay(failure)
        if asked is not None:
            return min(asked, MAX_WAIT) + self._backoff * jitter
        return min(self._backoff * 2.0 ** (attempt - 1), MAX_WAIT) * jitter


def request_body(model: str, texts: Sequence[str], purpose: Purpose, dimensions: int) -> dict[str, Any]:
    """One request per text, each with a content of its own: the parts of one content become one vector."""
    options: dict[str, Any] = {"outputDimensionality": dimensions}
    if model == "gemini-embedding-001":  # its successor ignores task types
        options["taskType"] = _TASK_TYPE[purpose]
    return {
        "requests": [
            {"model": f"models/{model}", "content": {"parts": [{"text": text}]}, **options} for text in texts
        ]
    }


def _vectors(answer: Any, expected: int, dimensions: int) -> list[Vector]:
    """The answer's vectors, made unit length: Gemini's are only where they are not cut."""
    try:
        vectors = [_unit(embedding["values"]) for embedding in answer["embeddings"]]
    except (TypeError, LookupError, ZeroDivisionError):
        raise _nonsense() from None
    if len(vectors) != expected:
        raise _nonsense()
    if any(len(vector) != dimensions for vector in vectors):
        raise RetrievalUnavailable(service="gemini", reason="dimension_mismatch", action=_DIMENSIONS_ACTION)
    return vectors


def _nonsense() -> RetrievalUnavailable:
    return RetrievalUnavailable(service="gemini", reason="error", action=_EMBEDDING_ERROR_ACTION)


def _unit(values: Sequence[float]) -> Vector:
    length = math.hypot(*values)
    return [value / length for value in values]


def _public(failure: UpstreamFailure) -> RetrievalUnavailable | QuotaExceeded:
    if failure.status == 429:
        return _quota_exceeded(spent_quota(failure, datetime.now(UTC)))
    if is_unauthorized(failure):
        return RetrievalUnavailable(service="gemini", reason="unauthorized", action=UNAUTHORIZED_ACTION)
    action = ACTIONS["unreachable"] if failure.reason == "unreachable" else _EMBEDDING_ERROR_ACTION
    if failure.untrusted:
        action = UNTRUSTED_ACTION
    if failure.status == 404:
        action = _UNKNOWN_MODEL_ACTION
    return RetrievalUnavailable(service="gemini", reason=failure.reason, action=action)


def _quota_exceeded(spent: Spent) -> QuotaExceeded:
    return QuotaExceeded(action=_QUOTA_ACTION, retry_after=seconds_left(spent.until))
