"""Whether an answer really streams: what the reader saw against what the server says it did."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from ragspace.space.checks import Check
from ragspace.space.verification.listening import Heard

FIRST_TOKEN_SECONDS = 10.0
"""What the requirements allow for the first token."""

TELLING_SECONDS = 0.3
"""An answer that is written faster cannot show whether it was held back."""

UNPACED = {
    "extractive": "The answer is quoted from the documents, all at once.",
    "not_found": "Nothing was found, so nothing was written.",
}
BURST_GAP_SECONDS = 0.005

KEEP_ALIVE_SECONDS = 20.0
"""A comment is due every 15 seconds; the network may take a while."""

BUFFERED_FIX = (
    "Look for a proxy that buffers or compresses responses, and let it pass text/event-stream on at once "
    "(nginx: proxy_buffering off)."
)


def check_pace(heard: Heard) -> Iterator[Check]:
    """The lines on a complete answer's first token, pace and silences."""
    tokens = [arrival.at for arrival in heard.of_type("token")]
    if not tokens:
        yield Check("first token", "skipped", "The answer has no text.")
        yield Check("stream", "skipped", "The answer has no text.")
    else:
        yield _first_token(tokens[0])
        yield _stream(heard, tokens)
    yield _silences(heard)


def _first_token(seconds: float) -> Check:
    told = f"after {seconds:.2f} s."
    if seconds <= FIRST_TOKEN_SECONDS:
        return Check("first token", "ok", told)
    return Check(
        "first token", "warning", told, "Choose a faster model, or one that thinks less, in GEMINI_MODEL."
    )


def _stream(heard: Heard, tokens: list[float]) -> Check:
    unpaced = UNPACED.get(str(heard.done.get("finish_reason")))
    if unpaced:
        return Check("stream", "skipped", unpaced)
    shown = tokens[-1] - tokens[0]
    gaps = [later - earlier for earlier, later in pairwise(tokens)]
    bursts = 1 + sum(gap > BURST_GAP_SECONDS for gap in gaps)
    seen = f"{len(tokens)} tokens in {bursts} burst{'s' * (bursts > 1)} over {shown:.2f} s"
    seen += f", longest gap {max(gaps):.2f} s" if gaps else ""
    written = _written(heard.done)
    if written is None:
        return _without_timings(heard, tokens, bursts, seen)
    first_written, seconds = written
    if seconds < TELLING_SECONDS:
        return Check(
            "stream", "skipped", f"It was written within {seconds:.2f} s, too fast to tell ({seen})."
        )
    held_back = tokens[0] - first_written
    if held_back >= 0.75 * seconds and shown <= 0.25 * seconds:
        return Check(
            "stream",
            "failed",
            f"It is buffered: the server wrote for {seconds:.1f} s, and the reader got {seen}.",
            BUFFERED_FIX,
        )
    return Check("stream", "ok", f"{seen}.")


def _written(done: Mapping[str, Any]) -> tuple[float, float] | None:
    """When the server wrote the first token, and for how long it then wrote, in seconds."""
    timings = done.get("timings")
    if not isinstance(timings, dict):
        return None
    first, total = timings.get("first_token_ms"), timings.get("total_ms")
    if not isinstance(first, int | float) or not isinstance(total, int | float):
        return None
    return first / 1000, (total - first) / 1000


def _without_timings(heard: Heard, tokens: list[float], bursts: int, seen: str) -> Check:
    """An old backend does not say how long it wrote; much text at once after a long wait looks buffered."""
    if bursts == 1 and len(tokens) > 1 and tokens[0] > 1:
        return Check(
            "stream", "warning", f"It looks buffered: {seen}, after {tokens[0]:.1f} s.", BUFFERED_FIX
        )
    return Check("stream", "ok", f"{seen}.")


def _silences(heard: Heard) -> Check:
    moments = sorted([0.0, heard.head_at, *heard.comments_at, *(a.at for a in heard.arrivals)])
    longest = max(later - earlier for earlier, later in pairwise(moments))
    if longest > KEEP_ALIVE_SECONDS:
        return Check(
            "keep-alive",
            "warning",
            f"Nothing came for {longest:.0f} s; the Spaces edge cuts what is silent for about 60 s.",
            "A comment is due every 15 seconds: look for a proxy that holds it back.",
        )
    if heard.comments_at:
        return Check("keep-alive", "ok", f"{len(heard.comments_at)} comments kept the silent stream open.")
    return Check("keep-alive", "skipped", "The answer was never silent for long enough.")
