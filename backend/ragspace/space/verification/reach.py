"""Whether the deployment answers at all: waiting for one that sleeps, telling a private one from none."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ragspace.space.checks import Check
from ragspace.space.stages import BROKEN, meaning
from ragspace.space.verification.hub import Hub, SpaceOnHub
from ragspace.space.verification.site import Reply, Site, SiteFailure

NAME = "live"
LIVE = "/api/health/live"
HEALTH = "/api/health"

CONNECT_PATIENCE = 15.0
"""Seconds for which an address is tried again where nobody listens: a server that was just started."""

POLL_SECONDS = 2.0
STAGE_SECONDS = 15.0
"""The Hub is asked again after so many seconds of waiting."""

Waiting = Callable[[str], None]
State = Literal["up", "asleep", "busy", "hidden", "redirected", "foreign", "failing"]


class NotReached(Exception):
    """Nothing more can be looked at; `check` says why."""

    def __init__(self, check: Check) -> None:
        super().__init__(check.detail)
        self.check = check


def state_of(reply: Reply) -> State:
    """What the answer of `/api/health/live` means.

    A sleeping Space answers 503 at once, without any `x-proxied-*` header; a private one 404.
    """
    told = reply.json
    from_application = isinstance(told, dict) and not told.keys().isdisjoint({"status", "error", "detail"})
    if reply.status == 200:
        return "up" if from_application else "foreign"
    if reply.status in (401, 403, 404):
        return "foreign" if from_application or _proxied(reply) else "hidden"
    if reply.status == 503 and not _proxied(reply) and not from_application:
        return "asleep"
    if reply.status in (429, 502, 503, 504):
        return "busy"
    if 300 <= reply.status < 400:
        return "redirected"
    return "failing" if reply.status >= 500 else "foreign"


def _proxied(reply: Reply) -> bool:
    return any(name.lower().startswith("x-proxied-") for name in reply.headers)


@dataclass(slots=True)
class Reaching:
    """Polls until the deployment answers, `patience` seconds at most; `waiting` is told what it waits for."""

    site: Site
    hub: Hub | None
    patience: float
    waiting: Waiting

    async def reach(self) -> list[Check]:
        """The lines of a deployment that answers. Raises NotReached with the line of one that does not."""
        started = time.monotonic()
        asked_hub = -STAGE_SECONDS
        last_told = ""
        space: SpaceOnHub | None = None
        while True:
            waited = time.monotonic() - started
            try:
                reply = await self.site.request("GET", LIVE, seconds=20)
            except SiteFailure as failure:
                if waited >= min(self.patience, CONNECT_PATIENCE):
                    raise NotReached(_unreachable(failure)) from None
                told = f"there is no answer yet, because {failure.reason}"
            else:
                state = state_of(reply)
                if state == "up":
                    return self._reached(reply, waited)
                if reply.status == 404 and await self._only_health_answers():
                    return [Check(NAME, "skipped", f"This backend has no {LIVE}; its {HEALTH} answers.")]
                if state == "hidden" and self._authorized():
                    continue
                if self.hub is not None and waited - asked_hub >= STAGE_SECONDS:
                    space, asked_hub = await self.hub.space(self.site.address.host), waited
                if state not in ("asleep", "busy") or _gives_up(space) or waited >= self.patience:
                    raise NotReached(self._refused(state, reply, space, waited))
                told = _awaited(state, reply, space)
            if told != last_told:
                self.waiting(f"{told}; waiting for at most {self.patience:.0f} s")
                last_told = told
            await asyncio.sleep(min(POLL_SECONDS, max(0.1, self.patience / 20)))

    def _authorized(self) -> bool:
        """Whether there is a token to try again with. It is sent only where it was asked for, and only to
        Hugging Face or to this machine: another host would learn it."""
        site, address = self.site, self.site.address
        if site.token is None or site.authorized:
            return False
        site.authorized = address.loopback or (address.on_spaces and address.secure)
        return site.authorized

    async def _only_health_answers(self) -> bool:
        """Whether a backend is there that knows only the frozen part of the API."""
        told = (await self.site.request("GET", HEALTH)).json
        return isinstance(told, dict) and "services" in told

    def _reached(self, reply: Reply, waited: float) -> list[Check]:
        woke = f"It answered after {waited:.0f} s of waiting." if waited >= 1 else ""
        lines = [Check(NAME, "ok", woke or f"It answers in {reply.seconds * 1000:.0f} ms.")]
        if self.site.authorized:
            lines.append(
                Check(
                    "visibility",
                    "warning",
                    "The Space is private: it answers only with a token, so no page can use it.",
                    "Make it public under Settings → Change Space visibility, unless that is meant.",
                )
            )
        return lines

    def _refused(self, state: State, reply: Reply, space: SpaceOnHub | None, waited: float) -> Check:
        if state == "hidden":
            return self._hidden(reply, space)
        if state == "redirected":
            target = reply.headers.get("Location", "")
            return Check(
                NAME,
                "failed",
                f"It redirects (HTTP {reply.status}) instead of answering.",
                f"Verify the address it leads to: {target}" if target.startswith("http") else None,
            )
        if space is not None and space.stage in BROKEN:
            return Check(
                NAME,
                "failed",
                f"The Space {space.id} is {meaning(space.stage)}.",
                f"Read why with `ragspace logs {space.id}`, then `ragspace restart {space.id}`.",
            )
        if state in ("asleep", "busy"):
            what = "the platform" if state == "asleep" else "a proxy in front of it"
            return Check(
                NAME,
                "failed",
                f"It did not wake up within {waited:.0f} s: {what} answers HTTP {reply.status}.",
                "Look at the Space's Logs tab, restart the Space, or wait longer with --patience.",
            )
        if state == "failing":
            return Check(
                NAME, "failed", f"It answers HTTP {reply.status}.", "Look for the error in the server's log."
            )
        return _not_ragspace(reply)

    def _hidden(self, reply: Reply, space: SpaceOnHub | None) -> Check:
        if not self.site.address.on_spaces and not self.site.authorized:
            told = f"Nothing of ragspace is there (HTTP {reply.status})"
            if self.site.token is not None:
                told += ", and a token is sent only to hosts of Hugging Face"
            return Check(NAME, "failed", f"{told}.", "Check the address.")
        if not self.site.authorized:
            return Check(
                NAME,
                "failed",
                f"HTTP {reply.status}: the Space is private, or there is none at this address.",
                "If it is private, give a token that may read it, in the variable HF_TOKEN; else check the "
                "address (`ragspace status OWNER/NAME` tells it).",
            )
        if space is not None:
            return Check(
                NAME,
                "failed",
                f"HTTP {reply.status}: the Space {space.id} is there, but does not let this token in.",
                "Take a token with read access to the Space, from https://huggingface.co/settings/tokens",
            )
        return Check(
            NAME,
            "failed",
            f"HTTP {reply.status} also with the token: there is no Space at this address, or the token may "
            "not read it.",
            "Check the address, and that the token belongs to the Space's owner.",
        )


def _gives_up(space: SpaceOnHub | None) -> bool:
    """Whether waiting is in vain."""
    return space is not None and space.stage in BROKEN


def _awaited(state: State, reply: Reply, space: SpaceOnHub | None) -> str:
    if space is not None and space.stage is not None:
        return f"the Space is {meaning(space.stage)}"
    if state == "asleep":
        return "the Space is asleep or starting (HTTP 503 from the platform)"
    return f"a proxy in front of it answers HTTP {reply.status}"


def _unreachable(failure: SiteFailure) -> Check:
    return Check(
        NAME,
        "failed",
        f"There is no answer, because {failure.reason}.",
        "Check the address and your network.",
    )


def _not_ragspace(reply: Reply) -> Check:
    return Check(
        NAME,
        "failed",
        f"Something else than ragspace answers there (HTTP {reply.status}).",
        "Check the address, and that the Space's app_port is 7860.",
    )
