"""A deployment proved from outside, as its readers, its front end and its monitors meet it."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing

from ragspace.errors import RagspaceError
from ragspace.origins import exact_origin
from ragspace.space.checks import Check
from ragspace.space.verification.access import ACCESS, check_access
from ragspace.space.verification.answer import Conversations, check_answer
from ragspace.space.verification.error_form import check_errors
from ragspace.space.verification.hub import Hub
from ragspace.space.verification.leaks import check_leaks, secrets_of
from ragspace.space.verification.origins import ALLOWED, check_origins
from ragspace.space.verification.page import check_page
from ragspace.space.verification.reach import NotReached, Reaching
from ragspace.space.verification.report import check_health, health_when_started
from ragspace.space.verification.site import Address, Site, SiteFailure
from ragspace.space.verification.transport import check_certificate, check_plain_http

EXPOSED = ("/openapi.json", "/docs", "/.env", "/.git/config")
"""Asked only for the search for secrets: what the service tells everybody, and what careless ones do."""

AWAKE_PATIENCE = 60.0
"""Seconds for which a service that answers may go on looking at what stands behind it."""


async def verify(
    url: str,
    *,
    origin: str | None = None,
    token: str | None = None,
    key: str | None = None,
    patience: float = 300.0,
    build_id: str | None = None,
    progress: Callable[[Check], None] | None = None,
    waiting: Callable[[str], None] | None = None,
    question: str | None = None,
    secrets: Mapping[str, str] | None = None,
    hub: Hub | None = None,
) -> list[Check]:
    """Every line of the proof of the deployment at `url`; those that cannot apply are skipped.

    `origin` is the front end's. `token` of Hugging Face opens a private Space; it is sent only where the
    Space does not answer without it; `key`, the API_KEY of a private deployment, likewise. A sleeping Space
    gets `patience` seconds. `build_id` is the build that must answer. `secrets` are values, by the variable
    that holds them, that no answer may contain. `question` is asked in place of a general one, which costs at
    most two requests to the language model; the conversation is deleted again. `progress` is told each line
    as it is known, `waiting` what is being waited for.

    Raises RagspaceError for a `url` or an `origin` that is none.
    """
    address = Address.of(url)
    if origin is not None:
        origin = _exact(origin)
    verification = _Verification(
        Site(address, token, key=key), progress or (lambda _check: None), waiting or (lambda _told: None)
    )
    known = dict(secrets or {}) | ({"HF_TOKEN": token} if token else {})
    hub = hub or (Hub(token) if address.on_spaces else None)
    async with verification.site:
        await verification.run(hub, origin, patience, build_id, question)
        await verification.search(known)
    return verification.checks


def _exact(origin: str) -> str:
    exact = exact_origin(origin)
    if exact is None:
        raise RagspaceError(
            "This is no origin of a front end.",
            action="Give scheme, host and port alone, such as https://my-app.vercel.app",
        )
    return exact


class _Verification:
    """The lines so far. A group whose requests get no answer fails with a line of its own, and the next group
    is looked at all the same."""

    def __init__(self, site: Site, progress: Callable[[Check], None], waiting: Callable[[str], None]) -> None:
        self.site = site
        self.checks: list[Check] = []
        self._progress = progress
        self._waiting = waiting

    async def run(
        self, hub: Hub | None, origin: str | None, patience: float, build_id: str | None, question: str | None
    ) -> None:
        site = self.site
        certificate = await check_certificate(site.address)
        self._add(certificate)
        if certificate.outcome == "failed" and site.address.secure:
            self._add(Check("live", "skipped", "Nothing is sent over a connection that cannot be trusted."))
            return
        self._add(await check_plain_http(site.address))
        try:
            for check in await Reaching(site, hub, patience, self._waiting).reach():
                self._add(check)
            told = await health_when_started(
                site, patience if build_id else min(patience, AWAKE_PATIENCE), build_id, self._waiting
            )
        except NotReached as not_reached:
            self._add(not_reached.check)
            return
        except SiteFailure as failure:
            self._broken("health", failure)
            return
        await self._group("health", check_health(told, build_id))
        await self._group("page", check_page(site, told.knows_more))
        if not await self._let_in():
            return
        await self._group("error form", check_errors(site, told.knows_more))
        await self._group("origins", check_origins(site, origin, told.knows_more))
        conversations = Conversations(site)
        # A question that is refused for its origin would tell nothing about answers.
        refused = any(check.name == ALLOWED and check.outcome == "failed" for check in self.checks)
        asker = None if refused else origin
        try:
            await self._group("chat", check_answer(site, told, conversations, asker, question))
        finally:
            await conversations.delete_all()

    async def _let_in(self) -> bool:
        """Whether there is anything behind the page to look at."""
        try:
            access = await check_access(self.site)
        except SiteFailure as failure:
            self._broken(ACCESS, failure)
            return False
        if access is not None:
            self._add(access)
        return access is None or access.outcome != "failed"

    async def search(self, secrets: Mapping[str, str]) -> None:
        """Look for secrets in all that came back."""
        if any(check.name == "health" for check in self.checks):
            for path in EXPOSED:
                try:
                    await self.site.request("GET", path)
                except SiteFailure:
                    continue
        if self.site.received:
            self._add(check_leaks(self.site.received, secrets_of(secrets)))

    async def _group(self, name: str, checks: AsyncGenerator[Check, None]) -> None:
        try:
            async with aclosing(checks) as each:
                async for check in each:
                    self._add(check)
        except SiteFailure as failure:
            self._broken(name, failure)

    def _broken(self, name: str, failure: SiteFailure) -> None:
        told = f"A request got no answer, because {failure.reason}."
        self._add(Check(name, "failed", told, "Try again; if it stays so, see the server's log."))

    def _add(self, check: Check) -> None:
        self.checks.append(check)
        self._progress(check)
