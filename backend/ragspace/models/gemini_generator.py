"""Answers written by Gemini."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any, Literal

from ragspace.errors import GenerationTimeout, GenerationUnavailable, QuotaExceeded
from ragspace.models.gemini_api import (
    ACTIONS,
    BASE_URL,
    CHECK_TIMEOUT,
    CONNECT_TIMEOUT,
    UNAUTHORIZED_ACTION,
    UNTRUSTED_ACTION,
    failure_of_error_event,
    gemini,
    is_unauthorized,
    model_path,
    spent_quota,
)
from ragspace.models.protocols import Delta, Finish, FinishReason, GenerationRequest
from ragspace.models.quota import LocalQuotaLedger, QuotaLedger, Spent, seconds_left
from ragspace.models.streaming import Patience, Piece, relay, usage_of
from ragspace.upstream import UpstreamFailure

MAX_OUTPUT_TOKENS = 2048
"""Bounds an answer that does not end; what a model thinks counts too."""

_TRY_NEXT = {404, 429, 500, 503}
"""Unknown, out of quota, failed, overloaded: what another model need not be."""

_FINISH: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "safety",
    "RECITATION": "safety",
    "LANGUAGE": "safety",
    "BLOCKLIST": "safety",
    "PROHIBITED_CONTENT": "safety",
    "SPII": "safety",
}

_UNKNOWN_MODEL_ACTION = "Gemini does not know the model named in GEMINI_MODEL: name one that is in service."


class GeminiGenerator:
    """A Generator over `streamGenerateContent`, with `models` as first choice and fallbacks.

    A model that is unknown, out of quota or overloaded hands over to the next one, before the first delta
    only; one that the `ledger` knows to be out of quota is not asked. `first_delta_timeout` (seconds) bounds
    the wait over the whole list, `stall_timeout` (seconds) each wait after the first delta.
    """

    provider: Literal["gemini"] = "gemini"

    def __init__(
        self,
        api_key: str,
        models: Sequence[str],
        base_url: str = BASE_URL,
        *,
        ledger: QuotaLedger | None = None,
        first_delta_timeout: float = 20.0,
        stall_timeout: float = 30.0,
        connect_timeout: float = CONNECT_TIMEOUT,
        check_timeout: float = CHECK_TIMEOUT,
    ) -> None:
        if not models:
            raise ValueError("at least one model is needed")
        self._models = tuple(models)
        self._first_delta_timeout = first_delta_timeout
        self._stall_timeout = stall_timeout
        self._check_timeout = check_timeout
        self._upstream = gemini(
            api_key, base_url, timeout=first_delta_timeout + stall_timeout, connect_timeout=connect_timeout
        )
        self._ledger = ledger or LocalQuotaLedger()

    @property
    def model(self) -> str:
        return self._models[0]

    @property
    def models_now(self) -> tuple[str, ...]:
        known = self._ledger.known()
        spent = takewhile(lambda model: model in known and known[model].spent, self._models)
        return self._models[: len(list(spent)) + 1]

    async def open(self) -> None:
        await self._upstream.open()

    async def close(self) -> None:
        await self._upstream.close()

    async def check(self) -> None:
        """Whether any of the models is there, each asked at once: one of them is enough to answer."""
        asked = await asyncio.gather(*map(self._check, self._models))
        if None not in asked:
            failures = [failure for failure in asked if failure is not None]
            raise _unavailable(next((f for f in failures if f.status != 404), failures[0]))

    async def _check(self, model: str) -> UpstreamFailure | None:
        try:
            await self._upstream.call("GET", model_path(model), timeout=self._check_timeout, regardless=True)
        except UpstreamFailure as failure:
            return failure
        return None

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[Delta | Finish, None]:
        patience = Patience(self._now() + self._first_delta_timeout, self._stall_timeout)
        failures: list[UpstreamFailure] = []
        spent: list[Spent] = []
        for model in self._models:
            if refusal := await self._ledger.admit(model):
                spent.append(refusal)
                continue
            begun = False
            pieces = relay(
                self._upstream,
                model_path(model, "streamGenerateContent"),
                request_body(request, model),
                model=model,
                read=read_event,
                patience=patience,
                params={"alt": "sse"},
            )
            try:
                async with aclosing(pieces):
                    async for piece in pieces:
                        begun = True
                        yield piece
                return
            except UpstreamFailure as failure:
                if begun:
                    raise _unavailable(failure) from None
                if failure.status not in _TRY_NEXT:
                    raise _not_begun(failure) from None
                if failure.status == 429:
                    spent.append(spent_quota(failure, datetime.now(UTC)))
                    await self._ledger.refused(model, spent[-1])
                else:
                    failures.append(failure)
        raise _all_refused(failures, spent) from None

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def request_body(request: GenerationRequest, model: str) -> dict[str, Any]:
    """The request for `model`. Temperature and its like are deprecated since July 2026 and left alone."""
    config: dict[str, Any] = {"maxOutputTokens": MAX_OUTPUT_TOKENS}
    thinking = _least_thinking(model)
    if thinking:
        config["thinkingConfig"] = thinking
    return {
        "systemInstruction": {"parts": [{"text": request.system}]},
        "contents": [
            {"role": "model" if turn.role == "assistant" else "user", "parts": [{"text": turn.text}]}
            for turn in request.turns
        ],
        "generationConfig": config,
    }


def _least_thinking(model: str) -> dict[str, Any] | None:
    """The least that `model` can be told to think, for an early first token (a 400 where both are told).

    2.5 takes a budget in tokens, of which Pro cannot spend none; 3.x takes a level, of which only the
    Flash-Lite models are sure to have `minimal`. https://ai.google.dev/gemini-api/docs/thinking
    """
    name = model.removeprefix("models/")
    if name.startswith("gemini-2.5"):
        return {"thinkingBudget": 128 if "pro" in name else 0}
    if name.startswith("gemini-3"):
        return {"thinkingLevel": "minimal" if "flash-lite" in name else "low"}
    return None


def read_event(event: Any) -> Piece:
    """One `GenerateContentResponse`. A blocked prompt has no candidate but a reason to be blocked."""
    if "error" in event:
        return Piece(end=failure_of_error_event(event["error"]))
    usage = usage_of(
        event.get("usageMetadata"), "promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount"
    )
    candidates = event.get("candidates")
    if not candidates:
        blocked = (event.get("promptFeedback") or {}).get("blockReason")
        return Piece("", "safety" if blocked else None, usage)
    candidate = candidates[0]
    parts = (candidate.get("content") or {}).get("parts") or ()
    text = "".join(part.get("text") or "" for part in parts if not part.get("thought"))
    reason = candidate.get("finishReason")
    if reason in (None, "FINISH_REASON_UNSPECIFIED"):
        return Piece(text, None, usage)
    # Any other reason (OTHER, MALFORMED_FUNCTION_CALL ...) is the model's own failure: what it wrote by then
    # must not pass for a complete answer.
    return Piece(text, _FINISH.get(reason, UpstreamFailure("error")), usage)


def _all_refused(failures: Sequence[UpstreamFailure], spent: Sequence[Spent]) -> Exception:
    """One error for a list of models of which none began: the one that passes soonest."""
    overloaded = [failure for failure in failures if failure.status in (500, 503)]
    if spent and not overloaded:
        return QuotaExceeded(retry_after=seconds_left(min(each.until for each in spent)))
    return _unavailable((overloaded or failures)[-1])


def _not_begun(failure: UpstreamFailure) -> GenerationUnavailable:
    if failure.reason == "timeout":
        return GenerationTimeout(service="gemini", reason="timeout", action=ACTIONS["timeout"])
    return _unavailable(failure)


def _unavailable(failure: UpstreamFailure) -> GenerationUnavailable:
    if is_unauthorized(failure):
        return GenerationUnavailable(service="gemini", reason="unauthorized", action=UNAUTHORIZED_ACTION)
    action = _UNKNOWN_MODEL_ACTION if failure.status == 404 else ACTIONS.get(failure.reason)
    if failure.untrusted:
        action = UNTRUSTED_ACTION
    return GenerationUnavailable(service="gemini", reason=failure.reason, action=action)
