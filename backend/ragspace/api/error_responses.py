"""Every error leaves in one form, whoever raised it."""

from collections.abc import Sequence
from typing import Any

import orjson
from starlette.responses import Response

from ragspace import errors, logs


def error_response(
    error: errors.RagspaceError, fields: Sequence[dict[str, str]] = (), headers: dict[str, str] | None = None
) -> Response:
    details: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "action": error.action,
        "request_id": logs.request_id.get(),
    }
    headers = dict(headers or {})
    if error.retry_after is not None:
        details["retry_after"] = error.retry_after
        headers["Retry-After"] = str(error.retry_after)
    if fields:
        details["fields"] = list(fields)
    body = orjson.dumps({"error": details, "detail": error.message})
    return Response(body, error.status, headers, media_type="application/json")
