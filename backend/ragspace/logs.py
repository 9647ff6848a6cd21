"""Logs as JSON lines on standard error, with the request id, and with every secret taken out at the sink."""

import base64
import html
import logging
import re
import sys
import threading
from collections.abc import Iterable, Iterator, MutableMapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote, quote_plus
from uuid import uuid4

import orjson
import structlog

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

MIN_SECRET_LENGTH = 8
"""Characters; shorter values would blank out ordinary words."""

REDACTED = "[redacted]"

_URL_SAFE = str.maketrans("+/", "-_")


class request:  # noqa: N801 (it is used as a function is)
    """A new request id, which every line within bears."""

    __slots__ = ("_token",)

    def __enter__(self) -> str:
        new = str(uuid4())
        self._token = request_id.set(new)
        return new

    def __exit__(self, *raised: object) -> None:
        request_id.reset(self._token)


def configure_logs(level: str = "INFO", secrets: Iterable[str] = ()) -> None:
    """Send structlog's and the standard library's records of `level` and above to standard error."""
    redact = redaction(secrets)

    def sink(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
        return redact(orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode())

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
        structlog.processors.format_exc_info,
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, sink],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("sqlalchemy").setLevel("WARNING")
    _log_what_python_would_print()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _log_what_python_would_print() -> None:
    """Warnings and exceptions that nobody caught would go to standard error past the sink."""
    logging.captureWarnings(True)
    log = logging.getLogger("ragspace")

    def thread_failed(failed: threading.ExceptHookArgs) -> None:
        if failed.exc_value is not None:
            log.error("a thread failed", exc_info=failed.exc_value)

    def not_raised(failed: "sys.UnraisableHookArgs") -> None:
        log.error("an exception could not be raised", exc_info=failed.exc_value)

    sys.excepthook = lambda kind, error, trace: log.critical("failed", exc_info=(kind, error, trace))
    sys.unraisablehook = not_raised
    threading.excepthook = thread_failed


def redaction(secrets: Iterable[str]) -> "Redact":
    """What blanks out every secret of 8 characters and more, also URL-encoded and in base64."""
    forms: set[str] = set()
    for secret in secrets:
        if len(secret) >= MIN_SECRET_LENGTH:
            forms |= _forms(secret)
    return Redact(forms)


def _forms(secret: str) -> set[str]:
    plain = {secret, repr(secret)[1:-1], html.escape(secret)}
    plain |= {encode(secret) for encode in (quote, quote_plus, lambda text: quote(text, safe=""))}
    plain |= {re.sub("%..", lambda code: code[0].lower(), text) for text in plain}
    forms = {form for text in plain for form in (text, *_escaped(text))}
    for encoded in _in_base64(secret.encode()):
        forms |= {encoded, encoded.translate(_URL_SAFE)}
    return forms


def _escaped(text: str) -> tuple[str, str]:
    """As a JSON string, and as one within a JSON string."""
    once = orjson.dumps(text).decode()[1:-1]
    return once, orjson.dumps(once).decode()[1:-1]


def _in_base64(secret: bytes) -> Iterator[str]:
    """What is sure of it in base64, wherever in a longer text it begins, as in a basic login's header."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret).decode()
        # Characters at both ends depend on what stands around it.
        first, last = (before * 8 + 5) // 6, (before + len(secret)) * 8 // 6
        yield encoded[first:last]


class Redact:
    """Blanks out `forms`, the longest first, and the password in anything shaped like a URL."""

    def __init__(self, forms: Iterable[str]) -> None:
        ordered = sorted(forms, key=len, reverse=True)
        self._forms = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        if self._forms is not None:
            text = self._forms.sub(REDACTED, text)
        return _URL_PASSWORD.sub(rf"\1{REDACTED}@", text)


# No scheme is longer; without a bound, a path of many dots takes seconds to look through.
_URL_PASSWORD = re.compile(r"(\b[a-z][a-z0-9+.-]{0,30}://[^\s:/@\"]*:)[^\s/@\"]+@")


def _add_request_id(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    current = request_id.get()
    if current is not None:
        event["request_id"] = current
    return event
