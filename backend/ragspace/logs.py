"""Logs as JSON lines on standard error, with the request id, and with every secret taken out at the sink."""

import base64
import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote, quote_plus

import orjson
import structlog

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

MIN_SECRET_LENGTH = 8
"""Characters; shorter values would blank out ordinary words."""

REDACTED = "[redacted]"

_URL_SAFE = str.maketrans("+/", "-_")


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


def redaction(secrets: Iterable[str]) -> "Redact":
    """What blanks out every secret of 8 characters and more, also URL-encoded and in base64."""
    forms: set[str] = set()
    for secret in secrets:
        if len(secret) >= MIN_SECRET_LENGTH:
            encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
            forms |= {secret, orjson.dumps(secret).decode()[1:-1]}
            forms |= {quote(secret), quote(secret, safe=""), quote_plus(secret)}
            forms |= {encoded, encoded.translate(_URL_SAFE)}
    return Redact(forms)


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
