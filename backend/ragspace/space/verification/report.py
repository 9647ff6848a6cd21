"""What the deployment says of itself: the health report, line by line."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from ragspace.space.checks import Check
from ragspace.space.verification.reach import HEALTH, Waiting
from ragspace.space.verification.site import Reply, Site

PROMPT_SECONDS = 5.0
"""In which health must answer (the requirement SC-002)."""

SERVICES = {"qdrant": "the index", "postgres": "the storage", "gemini": "the language model"}
WITHOUT_ACTION = "See the server's log; this backend does not say what to do."


@dataclass(frozen=True, slots=True)
class Told:
    """The last health report. `knows_more` is whether the backend knows what was added to the frozen part of
    the API: it then tells its version."""

    reply: Reply
    report: Mapping[str, Any]

    @property
    def knows_more(self) -> bool:
        return "version" in self.report

    @property
    def build_id(self) -> str | None:
        return self.report.get("build_id")

    def service(self, name: str) -> Mapping[str, Any]:
        services = self.report.get("services")
        found = services.get(name) if isinstance(services, dict) else None
        return found if isinstance(found, dict) else {}


async def health_when_started(site: Site, patience: float, build_id: str | None, waiting: Waiting) -> Told:
    """The report once every service was looked at and `build_id`, if given, answers; `patience` seconds at
    most, then whatever there is. Raises SiteFailure."""
    started = time.monotonic()
    last_told = ""
    while True:
        reply = await site.request("GET", HEALTH)
        report = reply.json if isinstance(reply.json, dict) else {}
        told = Told(reply, report)
        other_build = build_id is not None and told.build_id != build_id
        if (report.get("status") != "starting" and not other_build) or time.monotonic() - started >= patience:
            return told
        awaited = (
            "the new build has not taken over yet" if other_build else "its services are being looked at"
        )
        if awaited != last_told:
            waiting(f"{awaited}; waiting for at most {patience:.0f} s")
            last_told = awaited
        await asyncio.sleep(1.0)


async def check_health(told: Told, build_id: str | None) -> AsyncGenerator[Check, None]:
    if build_id is not None:
        yield _build(told, build_id)
    yield _overall(told)
    for name, role in SERVICES.items():
        yield _service(name, role, told.service(name))


def _build(told: Told, build_id: str) -> Check:
    if told.build_id == build_id:
        return Check("build", "ok", f"It runs the build {build_id}.")
    runs = f"the build {told.build_id}" if told.build_id else "a build that tells no id"
    return Check(
        "build",
        "failed",
        f"It runs {runs}, not {build_id}.",
        "The upload was not built or has not taken over: look at the build log, or restart the Space.",
    )


def _overall(told: Told) -> Check:
    reply, status = told.reply, told.report.get("status")
    seconds = f"in {reply.seconds * 1000:.0f} ms"
    if status is None:
        return Check("health", "failed", f"{HEALTH} sends no report (HTTP {reply.status}).", "See the log.")
    if (status == "healthy") != (reply.status == 200):
        return Check(
            "health",
            "failed",
            f"It says {status} with HTTP {reply.status}; monitors go by 200 and 503.",
            "Look for a proxy that changes the status.",
        )
    if status != "healthy":
        return Check("health", "failed", f"{status}, told {seconds}.", "Mend the services named below.")
    if reply.seconds > PROMPT_SECONDS:
        return Check(
            "health",
            "failed",
            f"healthy, but told only {seconds}.",
            "Health answers from memory: see the host's load.",
        )
    return Check("health", "ok", f"healthy, told {seconds}.")


def _service(name: str, role: str, state: Mapping[str, Any]) -> Check:
    status = state.get("status")
    if status != "connected":
        reason = f" ({state['reason']})" if state.get("reason") else ""
        return Check(
            name,
            "failed",
            f"{role} is {status or 'not reported'}{reason}.",
            str(state.get("action") or WITHOUT_ACTION),
        )
    built_in = state.get("mode") == "embedded"
    if name == "qdrant":
        return _index(state, built_in)
    if name == "gemini":
        model = "sentences are quoted, no model is configured" if built_in else str(state.get("model"))
        return Check(name, "ok", f"connected: {model}.")
    if pending := state.get("pending_writes"):
        return Check(
            name,
            "warning",
            f"connected, with {pending} messages still to be written.",
            "Look again in a minute.",
        )
    return Check(
        name, "ok", "built in: conversations last until the next restart." if built_in else "connected."
    )


def _index(state: Mapping[str, Any], built_in: bool) -> Check:
    vectors = state.get("vectors")
    held = f"{'built in' if built_in else 'connected'}: {vectors} passages in {state.get('collection')}."
    if vectors == 0:
        return Check("qdrant", "failed", held, "Read your documents in: `ragspace ingest PATH`.")
    if state.get("sample"):
        return Check(
            "qdrant",
            "warning",
            f"{held} They are ragspace's own documentation, not yours.",
            "Read your documents in with `ragspace ingest PATH`, or deploy with --docs PATH.",
        )
    return Check("qdrant", "ok", held)
