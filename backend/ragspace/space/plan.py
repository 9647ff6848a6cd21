"""What a deployment will do, found out without changing anything."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ragspace.errors import ConfigurationError, RagspaceError
from ragspace.origins import exact_origin, origin_regex
from ragspace.settings import Settings
from ragspace.space import stages
from ragspace.space.changes import Changes, changes
from ragspace.space.environment import is_placeholder
from ragspace.space.failures import SpaceFailure
from ragspace.space.fingerprints import Fingerprints
from ragspace.space.hub import Account, Hub, Runtime, Space
from ragspace.space.hub_errors import TOKEN_PAGE
from ragspace.space.pushing import SettingsChange, SettingsThere, compare
from ragspace.space.sources import BAKED_DOCUMENTS

if TYPE_CHECKING:
    from ragspace.space.bundle import Bundle


Assemble = Callable[[Settings, Path | None], "Bundle"]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the developer asked for. `documents` are baked into the image; `origin` is the front end's."""

    space_id: str
    documents: Path | None = None
    private: bool = False
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """`space` and `runtime` are None where the Space is to be created. `origin` is the page that `verify`
    takes for the front end's."""

    wish: Wish
    account: Account
    space: Space | None
    runtime: Runtime | None
    bundle: "Bundle"
    changes: Changes
    settings: SettingsChange
    origin: str | None
    warnings: tuple[str, ...]

    @property
    def private(self) -> bool:
        return self.wish.private if self.space is None else self.space.private

    @property
    def restart(self) -> bool:
        """Whether a restart is asked for; an upload alone does not start a Space that was halted."""
        if self.runtime is None:
            return False
        if self.changes:
            return self.runtime.stage in stages.HALTED
        return bool(self.settings) or self.runtime.stage in stages.BROKEN

    @property
    def questions(self) -> tuple[str, ...]:
        """What must not happen without a yes."""
        asked = []
        if self.space is None:
            kind = "private" if self.private else "public"
            asked.append(f"The {kind} Space {self.wish.space_id} will be created.")
        if self.changes.foreign:
            asked.append(
                f"The Space holds another application: {len(self.changes.deleted)} files are deleted. "
                "Its git history keeps them."
            )
        if self.wish.documents is not None and not self.private and self.changes:
            asked.append(
                "The Space is public, and the documents become public with it: everybody can read them."
            )
        deleted = self.changes.deleted
        if self.wish.documents is None and any(path.startswith(f"{BAKED_DOCUMENTS}/") for path in deleted):
            asked.append("The Space has documents baked in; without --docs they are taken out of it.")
        if self.runtime is not None and self.runtime.stage in stages.HALTED and self.restart:
            asked.append(
                f"The Space is {self.runtime.stage.lower()} and will be restarted; paid hardware is billed."
            )
        return tuple(asked)


def prepare(
    hub: Hub,
    wish: Wish,
    variables: Mapping[str, str],
    fingerprints: Fingerprints,
    assemble: Assemble,
) -> Plan:
    """The plan for `wish`, with the settings among `variables`. Only reads.

    Raises SpaceFailure where the Hub will not do it, ConfigurationError where the Space could not run so, and
    RagspaceError.
    """
    account = hub.account()
    _check_owner(account, wish.space_id)
    space = hub.space(wish.space_id)
    if space is not None and wish.private and not space.private:
        raise RagspaceError(
            f"--private asks for a private Space, and {wish.space_id} is public.",
            action="Make it private in its Settings first, or leave --private out.",
        )
    origin = _exact_origin(wish)
    exists = space is not None
    there = SettingsThere.read(hub, wish.space_id) if exists else SettingsThere({}, {})
    if origin is not None and "ALLOWED_ORIGINS" not in {*variables, *there.variables, *there.secrets}:
        variables = {**variables, "ALLOWED_ORIGINS": origin}
    change = compare(there, variables, fingerprints)
    settings = _settings(wish, change, variables)
    warnings = []
    if origin is not None and not origin_regex(settings.allowed_origins).fullmatch(origin):
        warnings.append(f"ALLOWED_ORIGINS does not name {origin}: the front end there may not use the chat.")
    if space is None and not account.paid and account.name == _owner(wish.space_id):
        warnings.append(
            "This account has no paid plan: the Hub may refuse to create a Docker Space. Existing ones "
            "can be updated."
        )
    bundle = assemble(settings, wish.documents)
    return Plan(
        wish=wish,
        account=account,
        space=space,
        runtime=hub.runtime(wish.space_id) if exists else None,
        bundle=bundle,
        changes=changes(bundle.files, hub.files(wish.space_id) if exists else {}),
        settings=change,
        origin=origin or _listed_origin(settings),
        warnings=tuple(warnings),
    )


def _exact_origin(wish: Wish) -> str | None:
    """The front end's origin as browsers write it. Raises RagspaceError where it is none."""
    if wish.origin is None:
        return None
    origin = exact_origin(wish.origin)
    if origin is None:
        raise RagspaceError(
            "--origin is not the origin of one front end.",
            action="Give scheme and host, such as https://my-app.vercel.app.",
        )
    return origin


def _listed_origin(settings: Settings) -> str | None:
    """Of the allowed origins that somebody set, one that names a single front end."""
    if "allowed_origins" not in settings.model_fields_set:
        return None
    return next(filter(exact_origin, settings.allowed_origins), None)


def _settings(wish: Wish, change: SettingsChange, variables: Mapping[str, str]) -> Settings:
    """The settings of the process there, with the data directory of here, where documents are embedded."""
    image = {n: variables[n] for n in ("RAGSPACE_DATA_DIR",) if n in variables}
    if wish.documents is not None:
        image["RAGSPACE_BAKED_DOCUMENTS"] = str(wish.documents)
    settings = change.settings(wish.space_id, image)
    key = settings.gemini_api_key
    embeds = wish.documents is not None and settings.embedding == "gemini"
    if embeds and key is not None and is_placeholder(key.get_secret_value()):
        raise ConfigurationError(
            "The documents are embedded here, and GEMINI_API_KEY is known to the Space only.",
            action="Set GEMINI_API_KEY here as well, or EMBEDDING_PROVIDER=local.",
        )
    return settings


def _owner(space_id: str) -> str:
    return space_id.partition("/")[0]


def _check_owner(account: Account, space_id: str) -> None:
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", space_id):
        raise SpaceFailure(
            "not_found",
            "The name of a Space is OWNER/NAME.",
            f"For your own account: ragspace deploy {account.name}/my-chatbot",
        )
    if _owner(space_id) not in {account.name, *account.organizations}:
        raise SpaceFailure(
            "forbidden",
            f"The token belongs to {account.name}, who is not a member of {_owner(space_id)}.",
            f"Deploy to {account.name}/{space_id.partition('/')[2]}, or use a token of {_owner(space_id)}.",
        )
    if account.may_write is False:
        raise SpaceFailure(
            "forbidden",
            "The token may only read.",
            f"Create one with the role Write at {TOKEN_PAGE} and set HF_TOKEN to it.",
        )
