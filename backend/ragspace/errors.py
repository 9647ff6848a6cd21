"""One base error: what went wrong, for the reader and for the developer, and how a client is told.

`message` is for the reader of a chat page, `action` for the developer who runs the service. Neither ever
holds a key, a password, a connection string, the host of a private service or an upstream's own text.
"""

from typing import ClassVar, Literal

Service = Literal["qdrant", "postgres", "gemini"]
"""The services of the health report, by the names its contract froze (a stand-in bears the same name)."""

Reason = Literal[
    "unreachable",
    "timeout",
    "unauthorized",
    "quota_exceeded",
    "collection_missing",
    "dimension_mismatch",
    "embedding_model_mismatch",
    "port_blocked",
    "rights",
    "error",
]
"""Why a service is unavailable, as the health report says it."""

EXIT_CONFIGURATION = 78
"""`EX_CONFIG` of sysexits.h: the configuration is at fault, so that starting again does not help."""


class RagspaceError(Exception):
    """Base of every error that a person is told of.

    `status` is the HTTP status, `code` the machine-readable name of docs/api.md, `retry_after` seconds;
    `exit_code` is that of a command which it ends.
    """

    status: ClassVar[int] = 500
    exit_code: int = 1
    code: ClassVar[str] = "internal_error"
    default_message: ClassVar[str] = "Something went wrong on our side."
    default_action: ClassVar[str] = "Look the request id up in the server's log."

    def __init__(
        self, message: str | None = None, *, action: str | None = None, retry_after: int | None = None
    ) -> None:
        self.message = message or self.default_message
        self.action = action or self.default_action
        self.retry_after = retry_after
        super().__init__(self.message)


class ConfigurationError(RagspaceError):
    """The configuration cannot work; the process stops with exit code 78 instead of serving. `reason` is
    what the health report says where a running server meets it."""

    exit_code = EXIT_CONFIGURATION
    code = "configuration"

    def __init__(
        self, message: str | None = None, *, action: str | None = None, reason: Reason = "error"
    ) -> None:
        super().__init__(message, action=action)
        self.reason: Reason = reason


class InvalidJson(RagspaceError):
    status = 400
    code = "invalid_json"
    default_message = "The request could not be read."
    default_action = "Send one JSON object, encoded as UTF-8."


class InvalidEventId(RagspaceError):
    status = 400
    code = "invalid_event_id"
    default_message = "This answer cannot be resumed from there."
    default_action = "Send the id of the last event received of this same answer as Last-Event-ID."


class BadRequest(RagspaceError):
    status = 400
    code = "bad_request"
    default_message = "The request could not be read."
    default_action = "Send the request as HTTP/1.1 writes it."


class Unauthorized(RagspaceError):
    status = 401
    code = "unauthorized"
    default_message = "This service is private."
    default_action = "Send the value of API_KEY as X-API-Key, or as Authorization: Bearer."


class OriginNotAllowed(RagspaceError):
    status = 403
    code = "origin_not_allowed"
    default_message = "This page may not use the chat."
    default_action = "Add the page's origin (scheme, host and port) to ALLOWED_ORIGINS."


class NotFound(RagspaceError):
    status = 404
    code = "not_found"
    default_message = "There is nothing at this address."
    default_action = "See /docs for the addresses that exist."


class ConversationNotFound(NotFound):
    code = "conversation_not_found"
    default_message = "This conversation no longer exists."
    default_action = "Start a new conversation by leaving conversation_id out."


class MessageNotFound(NotFound):
    code = "message_not_found"
    default_message = "This message no longer exists."
    default_action = "Use the message_id that the answer's metadata event told."


class MethodNotAllowed(RagspaceError):
    status = 405
    code = "method_not_allowed"
    default_message = "This address does not take that kind of request."
    default_action = "See /docs for the methods that each address takes."


class RequestTimeout(RagspaceError):
    status = 408
    code = "request_timeout"
    default_message = "The request took too long to arrive."
    default_action = "Send the head of a request within REQUEST_HEAD_SECONDS."


class BodyTooLarge(RagspaceError):
    status = 413
    code = "body_too_large"
    default_message = "The message is too long."
    default_action = "Send at most 64 KiB."


class UnsupportedMediaType(RagspaceError):
    status = 415
    code = "unsupported_media_type"
    default_message = "The request could not be read."
    default_action = "Send the body with Content-Type: application/json."


class HeadTooLarge(RagspaceError):
    status = 431
    code = "head_too_large"
    default_message = "The request could not be read."
    default_action = "Send at most 100 headers, and 32 KiB of address and headers."


class Overloaded(RagspaceError):
    status = 503
    code = "overloaded"
    default_message = "Too many people are here at once. Please try again in a moment."
    default_action = "More connections are open than the process takes: run more replicas."


class RateLimited(RagspaceError):
    status = 429
    code = "rate_limited"
    default_message = "Too many questions at once. Please wait a moment."
    default_action = "Wait for Retry-After seconds; RATE_LIMIT sets how many questions a client may ask."


class QuotaExceeded(RagspaceError):
    status = 429
    code = "quota_exceeded"
    default_message = "The assistant has used up its quota for now. Please come back later."
    default_action = "Wait for the quota to renew, add models to GEMINI_MODEL, or set EXTRACTIVE_FALLBACK=1."


class ServiceUnavailable(RagspaceError):
    """A service behind the answer failed; `service` and `reason` are what the health report will say."""

    status = 503

    def __init__(
        self,
        message: str | None = None,
        *,
        service: Service,
        reason: Reason = "error",
        action: str | None = None,
        retry_after: int | None = 10,
    ) -> None:
        super().__init__(message, action=action, retry_after=retry_after)
        self.service: Service = service
        self.reason: Reason = reason


class RetrievalUnavailable(ServiceUnavailable):
    code = "retrieval_unavailable"
    default_message = "The documents cannot be searched right now. Please try again shortly."
    default_action = "See /api/health for the reason."


class GenerationUnavailable(ServiceUnavailable):
    code = "generation_unavailable"
    default_message = "The language model does not answer right now. Please try again shortly."
    default_action = "See /api/health for the reason."


class GenerationTimeout(GenerationUnavailable):
    status = 504
    code = "generation_timeout"
    default_message = "The language model took too long to begin. Please try again."


class StorageUnavailable(ServiceUnavailable):
    code = "storage_unavailable"
    default_message = "Conversations cannot be kept right now. Please try again shortly."
    default_action = "See /api/health for the reason."


class Starting(RagspaceError):
    status = 503
    code = "starting"
    default_message = "The assistant is waking up. Please try again in a moment."
    default_action = "Poll /api/health until its status is no longer starting."


class ShuttingDown(RagspaceError):
    status = 503
    code = "shutting_down"
    default_message = "The assistant is restarting. Please try again in a moment."
    default_action = "Try again: a new process takes over."
