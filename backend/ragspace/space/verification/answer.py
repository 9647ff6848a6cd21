"""A question asked for real: its answer, its sources, its resumption, what is kept, and its deletion."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from ragspace.space.checks import Check
from ragspace.space.verification.listening import Heard, listen
from ragspace.space.verification.pace import check_pace
from ragspace.space.verification.page import OLD_BACKEND
from ragspace.space.verification.report import Told
from ragspace.space.verification.site import Site, SiteFailure

SAMPLE_QUESTION = "Which secrets does the Space need, and what is each of them for?"
QUESTION = "Give an overview of what these documents explain, topic by topic."

CHAT = "/api/chat"
SEE_LOG = "Look for the answer's error in the server's log."


class Conversations:
    """The conversations that a verification began and has not deleted yet."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.left: list[str] = []

    def note(self, event: Mapping[str, Any]) -> None:
        """Remember the conversation that `event` tells of, as soon as it does."""
        conversation_id = event.get("conversation_id")
        if event.get("type") == "metadata" and isinstance(conversation_id, str):
            self.left.append(conversation_id)

    async def delete_all(self) -> None:
        """Delete what is left, without a word; for the end of a verification that broke off."""
        for conversation_id in list(self.left):
            try:
                await self._site.request("DELETE", f"/api/conversation/{conversation_id}", seconds=5)
            except SiteFailure:
                continue
            self.left.remove(conversation_id)


async def check_answer(
    site: Site, told: Told, conversations: Conversations, origin: str | None, question: str | None
) -> AsyncGenerator[Check, None]:
    """Asks one question; where the documents do not cover it, a second one, about the heading that is nearest
    to it. Each costs one request to the language model."""
    sample = bool(told.service("qdrant").get("sample"))
    heard = await _ask(site, conversations, origin, question or (SAMPLE_QUESTION if sample else QUESTION))
    suggestion = _nearest_heading(heard)
    if question is None and suggestion is not None:
        heard = await _ask(site, conversations, origin, f"What do the documents say about {suggestion}?")
    chat = _judged(heard, origin)
    yield chat
    if chat.outcome == "failed":
        for name in ("first token", "stream", "sources", "resume", "conversation"):
            yield Check(name, "skipped", "There is no complete answer to look at.")
    else:
        for check in check_pace(heard):
            yield check
        yield _sources(heard)
        yield await _resumed(site, heard, told.knows_more)
        yield await _read_back(site, heard, told.knows_more)
    yield await _deleted(site, conversations, told.knows_more)


async def _ask(site: Site, conversations: Conversations, origin: str | None, question: str) -> Heard:
    asked = {"message": question, "mode": "general", "context": None, "conversation_id": None}
    headers = {"Origin": origin} if origin else None
    return await listen(site, "POST", CHAT, json=asked, headers=headers, arrived=conversations.note)


def _nearest_heading(heard: Heard) -> str | None:
    """The heading to ask about instead, where nothing was found."""
    suggestions = heard.done.get("suggestions") if heard.done.get("finish_reason") == "not_found" else None
    first = suggestions[0] if isinstance(suggestions, list) and suggestions else None
    heading = first.get("heading") if isinstance(first, dict) else None
    return heading[:200] if isinstance(heading, str) and heading else None


def _judged(heard: Heard, origin: str | None) -> Check:
    """Whether the answer is complete and has the form that the live client reads."""
    wrong = _refused(heard) or _ended_badly(heard) or _malformed(heard, origin)
    if wrong is not None:
        return Check("chat", "failed", *wrong)
    reason = heard.done.get("finish_reason", "no reason told")
    return Check("chat", "ok", f"{len(heard.text)} characters, ended with done ({reason}).")


def _refused(heard: Heard) -> tuple[str, str] | None:
    if heard.status == 200:
        return None
    code = heard.error.get("code")
    told = f"A question is answered with HTTP {heard.status}" + (f", {code}." if code else ".")
    return told, str(heard.error.get("action") or SEE_LOG)


def _ended_badly(heard: Heard) -> tuple[str, str] | None:
    failure = next(iter(heard.of_type("error")), None)
    if failure is not None:
        return (
            f"The answer ends with the error {failure.event.get('code')}.",
            "See /api/health, then the log.",
        )
    if heard.broken is not None:
        return f"The stream broke off after {heard.ended_at:.1f} s: {heard.broken}.", SEE_LOG
    if not heard.done:
        return "The stream ended without done.", SEE_LOG
    return None


def _malformed(heard: Heard, origin: str | None) -> tuple[str, str] | None:
    proxy = "Look for a proxy that changes the stream."
    media_type = heard.headers.get("Content-Type", "").partition(";")[0]
    if media_type != "text/event-stream":
        return f"The answer is {media_type or 'of no media type'}, not text/event-stream.", proxy
    if heard.malformed is not None:
        return "A data line of the stream is not JSON.", proxy
    kinds = [arrival.type for arrival in heard.arrivals]
    if kinds[0] != "metadata" or kinds.count("metadata") != 1 or kinds[-1] != "done":
        return f"The events come in the wrong order: {', '.join(dict.fromkeys(kinds))}.", proxy
    if heard.metadata("conversation_id") is None:
        return "metadata does not tell the conversation's id.", SEE_LOG
    if not heard.text:
        return "The answer is empty.", SEE_LOG
    if origin and heard.headers.get("Access-Control-Allow-Origin") not in (origin, "*"):
        return (
            f"The stream does not name {origin}: the browser keeps it from the page.",
            "See allowed origin.",
        )
    return None


def _sources(heard: Heard) -> Check:
    sources = heard.done.get("sources")
    if not isinstance(sources, list):
        return Check("sources", "failed", "done tells no sources.", SEE_LOG)
    if not sources:
        found_nothing = heard.done.get("finish_reason") == "not_found"
        return Check(
            "sources",
            "skipped" if found_nothing else "warning",
            "The documents do not cover the question that was asked.",
            "Ask what they cover, with --question.",
        )
    if not all(_is_source(source) for source in sources):
        return Check("sources", "failed", "A source lacks its file, heading or similarity.", SEE_LOG)
    cited = heard.done.get("cited", [])
    indexes = {source.get("index") for source in sources}
    if not set(cited) <= indexes:
        return Check("sources", "failed", "A source is cited that was not retrieved.", SEE_LOG)
    return Check(
        "sources", "ok", f"{len(sources)} passages, {len(cited)} of them cited; {sources[0]['file']} first."
    )


def _is_source(source: Any) -> bool:
    return (
        isinstance(source, dict)
        and isinstance(source.get("file"), str)
        and isinstance(source.get("heading"), str)
        and isinstance(source.get("similarity"), int | float)
        and 0 <= source["similarity"] <= 1
    )


async def _resumed(site: Site, heard: Heard, knows_more: bool) -> Check:
    message_id = heard.metadata("message_id")
    if not knows_more or message_id is None:
        return Check("resume", "skipped", OLD_BACKEND)
    seen = max(1, len(heard.arrivals) // 2)
    last = heard.arrivals[seen - 1].id
    again = await listen(site, "GET", f"{CHAT}/{message_id}/stream", headers={"Last-Event-ID": last})
    if again.status == 200 and again.events == heard.events[seen:]:
        return Check("resume", "ok", f"After event {seen} it goes on with the next of {len(heard.arrivals)}.")
    told = f"HTTP {again.status}" if again.status != 200 else f"{len(again.events)} events"
    return Check(
        "resume",
        "failed",
        f"After event {seen} of {len(heard.arrivals)} it goes on with {told}.",
        "Look for a proxy that drops the header Last-Event-ID, or for several processes behind one address.",
    )


async def _read_back(site: Site, heard: Heard, knows_more: bool) -> Check:
    reply = await site.request("GET", f"/api/conversation/{heard.metadata('conversation_id')}")
    told = reply.json if isinstance(reply.json, dict) else {}
    messages = told.get("messages", [])
    if reply.status != 200 or not isinstance(messages, list):
        return Check(
            "conversation",
            "failed",
            f"The conversation just had is answered with HTTP {reply.status}.",
            str(reply.error.get("action") or SEE_LOG),
        )
    if [_said(message, "role") for message in messages] != ["user", "assistant"]:
        return Check("conversation", "failed", "It does not hold the question and its answer.", SEE_LOG)
    if _said(messages[1], "content") != heard.text:
        return Check(
            "conversation", "failed", "The answer that is kept is not the one that was read.", SEE_LOG
        )
    if knows_more and _said(messages[1], "status") != "complete":
        return Check("conversation", "failed", "The answer is not kept as complete.", SEE_LOG)
    return Check("conversation", "ok", "The question and its answer are read back as they were said.")


def _said(message: Any, key: str) -> Any:
    return message.get(key) if isinstance(message, Mapping) else None


async def _deleted(site: Site, conversations: Conversations, knows_more: bool) -> Check:
    """Leave nothing behind."""
    if not conversations.left:
        return Check("deletion", "skipped", "No conversation was begun.")
    for conversation_id in list(conversations.left):
        path = f"/api/conversation/{conversation_id}"
        reply = await site.request("DELETE", path)
        if reply.status in (404, 405) and not knows_more:
            conversations.left.clear()
            return Check(
                "deletion", "skipped", f"{OLD_BACKEND} The conversation {conversation_id} stays there."
            )
        gone = reply.status == 204 and (await site.request("GET", path)).status == 404
        if not gone:
            told = f"The conversation {conversation_id} is not deleted (HTTP {reply.status})."
            return Check("deletion", "failed", told, str(reply.error.get("action") or SEE_LOG))
        conversations.left.remove(conversation_id)
    return Check("deletion", "ok", "What was asked here is deleted again.")
