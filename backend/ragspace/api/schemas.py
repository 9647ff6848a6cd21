"""What goes in and out over HTTP, for validation and for the OpenAPI description. docs/api.md explains it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from ragspace.chat.question import Mode
from ragspace.conversations.records import Rating, Role, Status
from ragspace.errors import Reason

# Said in the description only: validation trims, and then counts.
_NOT_BLANK: dict[str, Any] = {"pattern": r"[^\s\u0085\u001c-\u001f]"}
_SELECTION_HAS_CONTEXT: dict[str, Any] = {
    "if": {"required": ["mode"], "properties": {"mode": {"const": "selection"}}},
    "then": {"required": ["context"], "properties": {"context": {"type": "string", **_NOT_BLANK}}},
}


class ChatRequest(BaseModel):
    model_config = ConfigDict(json_schema_extra=_SELECTION_HAS_CONTEXT)

    message: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)] = Field(
        json_schema_extra=_NOT_BLANK
    )
    mode: Mode = "general"
    context: Annotated[str, StringConstraints(max_length=8000)] | None = None
    conversation_id: UUID | None = None

    @model_validator(mode="after")
    def _selection_has_context(self) -> "ChatRequest":
        if self.mode == "selection" and not (self.context or "").strip():
            raise PydanticCustomError("context_required", "the selected text is required in selection mode")
        return self


class FeedbackRequest(BaseModel):
    message_id: UUID
    rating: Rating
    comment: Annotated[str, StringConstraints(max_length=2000)] | None = None


class Source(BaseModel):
    file: str = Field(examples=["docs/module-01/chapter-03.md"])
    heading: str = Field(examples=["Sensors > LiDAR"])
    similarity: float = Field(description="cosine to the question, 0 to 1", examples=[0.82])
    index: int | None = Field(default=None, description="what [1] in the text refers to")
    anchor: str | None = None
    url: str | None = None
    snippet: str | None = None


class ConversationMessage(BaseModel):
    id: UUID
    role: Role
    content: str
    sources: list[dict[str, Any]] | None
    created_at: str = Field(examples=["2026-01-31T12:00:00Z"])
    status: Status | None = None
    rating: Rating | None = None


class Conversation(BaseModel):
    conversation_id: UUID
    messages: list[ConversationMessage]


class ErrorField(BaseModel):
    field: str
    message: str


class ErrorDetails(BaseModel):
    code: str = Field(examples=["rate_limited"])
    message: str = Field(description="for the reader of the chat page")
    action: str = Field(description="for the developer who runs the service")
    request_id: str | None = None
    retry_after: int | None = Field(default=None, description="seconds")
    fields: list[ErrorField] | None = None


class ErrorBody(BaseModel):
    error: ErrorDetails
    detail: str


class ServiceReport(BaseModel):
    status: Literal["connected", "unavailable", "starting"]
    mode: Literal["embedded"] | None = None
    reason: Reason | None = None
    action: str | None = None
    latency_ms: float | None = None
    checked_at: str | None = None


class IndexReport(ServiceReport):
    collection: str
    vectors: int
    sample: bool = Field(default=False, description="whether these are ragspace's own documents")


class StorageReport(ServiceReport):
    pending_writes: int | None = None


class GenerationReport(ServiceReport):
    model: str
    provider: Literal["gemini", "openai", "extractive"]
    out_of_quota: dict[str, str] | None = Field(
        default=None, description="models that are not asked, and until when"
    )


class Services(BaseModel):
    fastapi: Literal["ok"]
    qdrant: IndexReport
    postgres: StorageReport
    gemini: GenerationReport


class ReplicasReport(BaseModel):
    """Told where REDIS_URL is set. No service of the answers: without it each replica goes on alone."""

    status: Literal["connected", "unavailable", "starting"]
    present: int = Field(description="replicas that are there, this one included")
    reason: Reason | None = None
    action: str | None = None
    checked_at: str | None = None


class HealthReport(BaseModel):
    status: Literal["healthy", "starting", "degraded", "unhealthy"]
    services: Services
    timestamp: str
    mode: Literal["mixed", "production", "embedded"]
    version: str
    build_id: str | None = None
    uptime_s: float
    replicas: ReplicasReport | None = None


class Live(BaseModel):
    status: Literal["ok"]
