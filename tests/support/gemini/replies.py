"""What the stand-in replies: answers that aimock streams, and the bodies of Google's that it cannot write."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

DEFAULT_TEXT = (
    "The documentation answers this in its first source [1]. "
    "It names what is needed, and the page that source comes from has the details [1]."
)

_HOURS_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A stream that aimock writes. Times are in seconds, `chunk_size` is in characters, `text` is not empty.

    `cut_after` closes the connection once so many chunks are sent (the front does it: aimock's own truncation
    loses the last of them); after `stall_after` chunks nothing more comes, and the connection stays open.
    `finish` is a finishReason of Google's. `tokens` are those of prompt and answer that the end tells.
    """

    text: str = DEFAULT_TEXT
    finish: str = "STOP"
    thoughts: str = ""
    chunk_size: int = 24
    first_chunk_s: float = 0.005
    pace_s: float = 0.005
    cut_after: int | None = None
    stall_after: int | None = None
    tokens: tuple[int, int] | None = None

    def fixture(self, context: str) -> dict[str, Any]:
        """As aimock takes it, for the requests of this `context`."""
        pace_ms = self.pace_s * 1000
        gaps = [pace_ms]
        if self.stall_after is not None:
            gaps = [pace_ms] * (self.stall_after - 1) + [_HOURS_MS]
        first_ms = _HOURS_MS if self.stall_after == 0 else self.first_chunk_s * 1000
        fixture: dict[str, Any] = {
            "match": {"context": context},
            "response": {"content": self.text, "finishReason": self.finish},
            "chunkSize": self.chunk_size,
            "recordedTimings": {"ttftMs": first_ms, "interChunkDelaysMs": gaps, "totalDurationMs": 0},
        }
        if self.tokens:
            prompt, output = self.tokens
            fixture["response"]["usage"] = {"promptTokenCount": prompt, "candidatesTokenCount": output}
        if self.thoughts:
            fixture["response"]["reasoning"] = self.thoughts
        return fixture


@dataclass(frozen=True, slots=True)
class Canned:
    """A reply that is sent as it stands."""

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=UTF-8"


def json_reply(body: Any, status: int = 200) -> Canned:
    return Canned(json.dumps(body).encode(), status)


def google_error(status: int, name: str, message: str, details: Sequence[Any] = ()) -> Canned:
    """An error as Google's APIs write it; `name` is the gRPC status."""
    error: dict[str, Any] = {"code": status, "message": message, "status": name}
    if details:
        error["details"] = list(details)
    return json_reply({"error": error}, status)


def quota_exceeded(*, per: str = "Minute", retry_after_s: int = 38) -> Canned:
    """429: the free tier's requests per `Minute` or per `Day` are spent."""
    quota = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
        "quotaId": f"GenerateRequestsPer{per}PerProjectPerModel-FreeTier",
        "quotaDimensions": {"location": "global", "model": "gemini-3.5-flash"},
        "quotaValue": "20",
    }
    return google_error(
        429,
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota, please check your plan and billing details. "
        f"Please retry in {retry_after_s}.2s.",
        [
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [quota]},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after_s}s"},
        ],
    )


def overloaded() -> Canned:
    return google_error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")


def internal_error() -> Canned:
    return google_error(500, "INTERNAL", "An internal error has occurred. Please retry.")


def invalid_argument(message: str = "Request contains an invalid argument.") -> Canned:
    return google_error(400, "INVALID_ARGUMENT", message)


def invalid_key() -> Canned:
    return google_error(
        400,
        "INVALID_ARGUMENT",
        "API key not valid. Please pass a valid API key.",
        [
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": "generativelanguage.googleapis.com"},
            }
        ],
    )


def unauthenticated() -> Canned:
    return google_error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")


def permission_denied() -> Canned:
    return google_error(403, "PERMISSION_DENIED", "Your project has been denied access.")


def model_not_found(model: str) -> Canned:
    return google_error(
        404,
        "NOT_FOUND",
        f"models/{model} is not found for API version v1beta, or is not supported for this method. "
        "Call ListModels to see the list of available models and their supported methods.",
    )


def blocked_prompt(reason: str = "SAFETY") -> Canned:
    """The prompt itself is refused: no candidate at all."""
    return _events(json.dumps({"promptFeedback": {"blockReason": reason}, "modelVersion": "stand-in"}))


def empty_answer(finish: str = "STOP") -> Canned:
    """An answer that ends before it said anything."""
    return _events(json.dumps({"candidates": [{"finishReason": finish, "index": 0}]}))


def no_candidates() -> Canned:
    """An answer without anything in it: not a candidate, not a reason."""
    return _events(json.dumps({"usageMetadata": {"promptTokenCount": 5, "totalTokenCount": 5}}))


def malformed_chunk(*, after: int = 1) -> Canned:
    """`after` good chunks, then one that is no JSON."""
    return _events(*_texts(after), '{"candidates": [{"content": {"parts": [{"te')


def unfinished(*, after: int = 1) -> Canned:
    """The stream ends in good order after some chunks, but no chunk ever told a finish reason."""
    return _events(*_texts(after))


def error_event(*, after: int = 1) -> Canned:
    """An error told in the stream, after `after` good chunks."""
    return _events(*_texts(after), overloaded().body.decode())


def _texts(count: int) -> list[str]:
    return [
        json.dumps({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}]})
        for text in [f"Part {number}. " for number in range(1, count + 1)]
    ]


def _events(*events: str) -> Canned:
    """Server-sent events with Google's own line ends (aimock writes plain ones)."""
    return Canned("".join(f"data: {event}\r\n\r\n" for event in events).encode(), 200, "text/event-stream")
