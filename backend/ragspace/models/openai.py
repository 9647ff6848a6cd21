"""Answers written by a model behind any OpenAI-compatible endpoint (Ollama, vLLM, Hugging Face ...)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Literal
from urllib.parse import urlsplit

from ragspace.errors import GenerationTimeout, GenerationUnavailable, QuotaExceeded, Reason
from ragspace.models.protocols import Delta, Finish, FinishReason, GenerationRequest
from ragspace.models.streaming import Patience, Piece, relay, usage_of
from ragspace.upstream import Upstream, UpstreamFailure, whole_body

MAX_OUTPUT_TOKENS = 2048
"""Bounds an answer that does not end; some servers' own default is too short for an answer."""

CHECK_TIMEOUT = 10.0

DEFAULT_RETRY_AFTER = 60

_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "content_filter": "safety",
}
"""OpenAI's finish reasons, and what Hugging Face's text-generation-inference says instead of `stop`."""

_UNAUTHORIZED_ACTION = "The endpoint in LLM_BASE_URL does not accept LLM_API_KEY: set one that it knows."
_UNTRUSTED_ACTION = (
    "No encrypted connection to LLM_BASE_URL could be made: check its host and https://, and its certificate."
)
_NOT_FOUND_ACTION = "Check LLM_BASE_URL (it mostly ends in /v1) and that LLM_MODEL is a model it serves."
_ACTIONS: dict[Reason, str] = {
    "unreachable": "Check that the endpoint in LLM_BASE_URL runs and can be reached from here.",
    "timeout": "The model behind LLM_BASE_URL takes too long to begin: check that it is loaded, or choose a "
    "smaller one in LLM_MODEL.",
    "error": "The endpoint in LLM_BASE_URL failed: look into its log, and check that LLM_MODEL can chat.",
}
_QUOTA_ACTION = "Wait, or raise the limit with the provider behind LLM_BASE_URL."


class OpenAIGenerator:
    """A Generator over `chat/completions`.

    `first_delta_timeout` bounds the wait for the first delta, `stall_timeout` the wait for each next one: a
    local model may have to be loaded first, and thinks aloud before it answers. `connect_timeout` bounds each
    try to connect, `check_timeout` a check. All in seconds.
    """

    provider: Literal["openai"] = "openai"

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str | None = None,
        *,
        first_delta_timeout: float = 20.0,
        stall_timeout: float = 30.0,
        connect_timeout: float = 5.0,
        check_timeout: float = CHECK_TIMEOUT,
    ) -> None:
        self._model = model
        self._first_delta_timeout = first_delta_timeout
        self._stall_timeout = stall_timeout
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._check_timeout = check_timeout
        self._upstream = Upstream(endpoint(base_url), headers, connect_timeout=connect_timeout)

    @property
    def model(self) -> str:
        return self._model

    @property
    def models_now(self) -> tuple[str, ...]:
        return (self._model,)

    async def open(self) -> None:
        await self._upstream.open()

    async def close(self) -> None:
        await self._upstream.close()

    async def check(self) -> None:
        end_by = asyncio.get_running_loop().time() + self._check_timeout
        try:
            async with self._upstream.stream("GET", "/models", begin_by=end_by, regardless=True) as response:
                async with asyncio.timeout_at(end_by):
                    await whole_body(response)
        except UpstreamFailure as failure:
            if failure.status not in (404, 405):  # listing its models is no duty of a compatible server
                raise _unavailable(failure) from None

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[Delta | Finish, None]:
        begin_by = asyncio.get_running_loop().time() + self._first_delta_timeout
        begun = False
        pieces = relay(
            self._upstream,
            "/chat/completions",
            request_body(request, self._model, self._upstream.base_url),
            model=self._model,
            read=read_event,
            patience=Patience(begin_by, self._stall_timeout),
        )
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    begun = True
                    yield piece
        except UpstreamFailure as failure:
            raise (_unavailable(failure) if begun else _not_begun(failure)) from None


def endpoint(base_url: str) -> str:
    """The address under which `/chat/completions` stands: `/v1` is added to a bare host only, since a path
    that is already there is the provider's own."""
    base = base_url.strip().rstrip("/").removesuffix("/chat/completions")
    return base if urlsplit(base).path.strip("/") else f"{base.rstrip('/')}/v1"


def request_body(request: GenerationRequest, model: str, base_url: str) -> dict[str, Any]:
    # OpenAI itself refuses the old name for its newer models; the others know only that one.
    limit = "max_completion_tokens" if urlsplit(base_url).hostname == "api.openai.com" else "max_tokens"
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": request.system},
            *({"role": turn.role, "content": turn.text} for turn in request.turns),
        ],
        "stream": True,
        limit: MAX_OUTPUT_TOKENS,
    }


def read_event(event: Any) -> Piece:
    """One `chat.completion.chunk`. What a model thinks (`reasoning_content`) is no answer; a chunk without
    choices tells the usage."""
    if "error" in event:
        return Piece(end=_failure_of_error_event(event["error"]))
    usage = usage_of(event.get("usage"), "prompt_tokens", "completion_tokens")
    choices = event.get("choices")
    if not choices:
        return Piece(usage=usage)
    choice = choices[0]
    text = (choice.get("delta") or {}).get("content") or ""
    if not isinstance(text, str):
        return Piece(end=UpstreamFailure("error"), usage=usage)
    reason = choice.get("finish_reason")
    return Piece(text, _FINISH.get(reason, UpstreamFailure("error")) if reason else None, usage)


def _failure_of_error_event(error: Any) -> UpstreamFailure:
    code = error.get("code") if isinstance(error, dict) else None
    if code in (429, "429", "rate_limit_exceeded", "insufficient_quota"):
        return UpstreamFailure("quota_exceeded", 429)
    return UpstreamFailure("error")


def _not_begun(failure: UpstreamFailure) -> GenerationUnavailable | QuotaExceeded:
    if failure.status in (402, 429):
        return QuotaExceeded(action=_QUOTA_ACTION, retry_after=failure.retry_after or DEFAULT_RETRY_AFTER)
    if failure.reason == "timeout":
        return GenerationTimeout(service="gemini", reason="timeout", action=_ACTIONS["timeout"])
    return _unavailable(failure)


def _unavailable(failure: UpstreamFailure) -> GenerationUnavailable:
    action = _UNTRUSTED_ACTION if failure.untrusted else _ACTIONS.get(failure.reason)
    if failure.reason == "unauthorized":
        action = _UNAUTHORIZED_ACTION
    elif failure.status == 404:
        action = _NOT_FOUND_ACTION
    return GenerationUnavailable(service="gemini", reason=failure.reason, action=action)
