"""Errors have the form that docs/api.md promises."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from ragspace.space.checks import Check
from ragspace.space.verification.site import Reply, Site

FIX = "Look for a proxy that replaces error pages; clients read the code from the body."


@dataclass(frozen=True, slots=True)
class _Provoked:
    name: str
    method: str
    path: str
    status: int
    code: str
    json: Any = None


async def check_errors(site: Site, knows_more: bool) -> AsyncGenerator[Check, None]:
    """Provokes errors that cost nothing. Of an old backend only the status is frozen."""
    for provoked in (
        _Provoked("error 404", "GET", f"/api/conversation/{uuid4()}", 404, "conversation_not_found"),
        _Provoked("error 422", "POST", "/api/chat", 422, "validation_error", json={}),
    ):
        reply = await site.request(provoked.method, provoked.path, json=provoked.json)
        yield _judged(provoked, reply, knows_more)


def _judged(provoked: _Provoked, reply: Reply, knows_more: bool) -> Check:
    if reply.status != provoked.status:
        told = f"{provoked.method} {provoked.path} answers HTTP {reply.status}, not {provoked.status}."
        return Check(provoked.name, "failed", told, str(reply.error.get("action") or FIX))
    if not knows_more:
        return Check(provoked.name, "ok", "The status is right.")
    wrong = _wrong_form(provoked, reply)
    if wrong:
        return Check(provoked.name, "failed", f"The status is right, but {wrong}.", FIX)
    return Check(provoked.name, "ok", f"{provoked.code}, with what to do and a request id.")


def _wrong_form(provoked: _Provoked, reply: Reply) -> str | None:
    error = reply.error
    if error.get("code") != provoked.code:
        return f"the body does not say {provoked.code}"
    missing = [key for key in ("message", "action", "request_id") if not isinstance(error.get(key), str)]
    if missing:
        return f"the body lacks {' and '.join(missing)}"
    if reply.json.get("detail") != error["message"]:
        return "detail is not the message"
    if provoked.status == 422 and [field.get("field") for field in error.get("fields", [])] != ["message"]:
        return "the field at fault is not named"
    return None
