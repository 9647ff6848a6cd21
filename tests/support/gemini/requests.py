"""What the stand-in was asked, and whether Google would have taken it."""

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

Call = Literal["generate", "embed", "models"]
Outcome = Literal["running", "complete", "cut", "disconnected"]

CALLS: dict[str, Call] = {
    "generateContent": "generate",
    "streamGenerateContent": "generate",
    "embedContent": "embed",
    "batchEmbedContents": "embed",
}
MAX_BATCH = 100
_GENERATE_FIELDS = frozenset(
    {"contents", "systemInstruction", "generationConfig", "safetySettings", "tools", "toolConfig"}
)


@dataclass
class Request:
    """One request, as it came in. `outcome` is `disconnected` where the client left before the end."""

    call: Call
    method: str
    """Google's name of the method, such as `streamGenerateContent`; "" for the models."""
    model: str
    """Without `models/`; "" for the list of them."""
    headers: dict[str, str] = field(repr=False)
    """Names in lower case."""
    query: dict[str, str]
    body: Any
    status: int | None = None
    outcome: Outcome = "running"
    _ended: threading.Event = field(default_factory=threading.Event, repr=False)

    def end(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self._ended.set()

    async def settled(self, patience_s: float = 10) -> Outcome:
        """How the request ended, once it has."""
        await asyncio.to_thread(self._ended.wait, patience_s)
        return self.outcome

    @property
    def texts(self) -> list[str]:
        """Every text of the request's contents, in order; not the system instruction."""
        if not isinstance(self.body, dict):
            return []
        items = self.body.get("requests", [self.body])
        contents = [c for item in items for c in item.get("contents", [item.get("content") or {}])]
        return [part["text"] for content in contents for part in content.get("parts", []) if "text" in part]


def fault_of(request: Request) -> str | None:
    """Why Google would refuse the body of this request, as far as can be told here.

    The shapes are those of Google's own SDK: an unknown field is refused, as the service does.
    """
    if not isinstance(request.body, dict):
        return "Request body must be a JSON object."
    if request.call == "embed":
        return _embed_fault(request)
    return _generate_fault(request)


def _generate_fault(request: Request) -> str | None:
    from google.genai import types

    body = request.body
    if unknown := body.keys() - _GENERATE_FIELDS:
        return f'Invalid JSON payload received. Unknown name "{min(unknown)}": Cannot find field.'
    if not body.get("contents"):
        return "GenerateContentRequest.contents: contents is not specified"
    if request.method == "streamGenerateContent" and request.query.get("alt") != "sse":
        return "The stand-in streams server-sent events only: alt=sse is missing."
    config = body.get("generationConfig", {})
    thinking = config.get("thinkingConfig", {})
    if {"thinkingLevel", "thinkingBudget"} <= thinking.keys():
        return "You can only set only one of thinking budget and thinking level."
    for content in body["contents"]:
        if content.get("role", "user") not in ("user", "model"):
            return "Please use a valid role: user, model."
    return (
        _shape_fault(types.GenerationConfig, config)
        or _shape_fault(types.Content, body.get("systemInstruction", {}))
        or next(filter(None, (_shape_fault(types.Content, content) for content in body["contents"])), None)
    )


def _embed_fault(request: Request) -> str | None:
    items = request.body.get("requests", [request.body])
    if not 0 < len(items) <= MAX_BATCH:
        return f"BatchEmbedContentsRequest.requests: at most {MAX_BATCH} requests can be in one batch"
    for item in items:
        if unknown := item.keys() - {"model", "content", "taskType", "title", "outputDimensionality"}:
            return f'Invalid JSON payload received. Unknown name "{min(unknown)}": Cannot find field.'
        if item.get("model", f"models/{request.model}") != f"models/{request.model}":
            return "BatchEmbedContentsRequest: every request must name the batch's own model."
        if not any(part.get("text") for part in item.get("content", {}).get("parts", [])):
            return "EmbedContentRequest.content contains an empty Part."
        if not 1 <= item.get("outputDimensionality", 3072) <= 3072:
            return "output_dimensionality must be between 1 and 3072."
    return None


def _shape_fault(shape: type[BaseModel], value: Any) -> str | None:
    try:
        shape.model_validate(value)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        return f'Invalid JSON payload received. Invalid value at "{where}".'
    return None
