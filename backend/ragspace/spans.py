"""What a trace is made of: spans around what takes time, which cost nothing where nobody traces."""

from contextlib import AbstractContextManager
from typing import Any, Protocol


class Span:
    """One that nobody looks at."""

    def __enter__(self) -> "Span":
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def set(self, **attributes: str | int | float) -> None:
        """Never a reader's words: `content` is for those."""

    def event(self, name: str) -> None:
        """Something that happened at this moment."""

    def content(self, **attributes: str) -> None:
        """What a reader said, kept where LOG_CONTENT says so."""


class Tracer(Protocol):
    """Makes the spans; each is the parent of those that are begun within it, also in tasks made there."""

    def span(self, name: str) -> AbstractContextManager[Span]: ...

    def request(self, scope: Any) -> AbstractContextManager[Span]:
        """A request's, which goes on with the trace that its `traceparent` names (W3C Trace Context)."""
        ...


_NONE = Span()
_tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """From here on the process's spans are made by `tracer`; by none with None."""
    global _tracer  # noqa: PLW0603 (one process has one tracer, as it has one log)
    _tracer = tracer


def span(name: str) -> AbstractContextManager[Span]:
    return _NONE if _tracer is None else _tracer.span(name)


def request_span(scope: Any) -> AbstractContextManager[Span]:
    return _NONE if _tracer is None else _tracer.request(scope)
