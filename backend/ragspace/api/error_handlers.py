"""What endpoints and the framework raise, told as `error_response` tells it."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from ragspace import errors
from ragspace.api.error_responses import error_response
from ragspace.api.schemas import ErrorBody


class ValidationFailed(errors.RagspaceError):
    status = 422
    code = "validation_error"
    default_message = "The request is not complete."
    default_action = "Mend the fields named in error.fields; /docs describes each."


_BY_STATUS: dict[int, type[errors.RagspaceError]] = {
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    413: errors.BodyTooLarge,
    415: errors.UnsupportedMediaType,
}


def documented(*kinds: type[errors.RagspaceError]) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint that may fail with `kinds`, for its OpenAPI description."""
    codes: dict[int | str, list[str]] = {}
    for kind in kinds:
        codes.setdefault(kind.status, []).append(f"`{kind.code}`")
    return {s: {"model": ErrorBody, "description": ", ".join(names)} for s, names in codes.items()}


def add_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(errors.RagspaceError, _ragspace_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)


def _ragspace_error(_request: Request, error: Exception) -> Response:
    return error_response(error if isinstance(error, errors.RagspaceError) else errors.RagspaceError())


def _http_exception(_request: Request, error: Exception) -> Response:
    kind = _BY_STATUS.get(getattr(error, "status_code", 500))
    if kind is None:
        return error_response(errors.InvalidJson())
    return error_response(kind(), headers=getattr(error, "headers", None))


def _validation_error(_request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    if any(item["type"] == "json_invalid" for item in found):
        return error_response(errors.InvalidJson())
    return error_response(ValidationFailed(), fields=[_field(item) for item in found])


def _field(item: dict[str, Any]) -> dict[str, str]:
    """The field's name without the place it came from (`body`, `path`), and what is wrong with it."""
    names = [str(part) for part in item["loc"][1:]]
    if item["type"] == "context_required":
        names = ["context"]
    return {"field": ".".join(names) or "body", "message": item["msg"]}
