"""The Hugging Face Hub, as far as a Space needs it: huggingface_hub's client behind plain types.

The client is the optional extra `deploy`, imported where it is first used.
"""

import logging
import math
import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ragspace.errors import RagspaceError
from ragspace.space.failures import SpaceFailure
from ragspace.space.hub_errors import NEW_TOKEN, told

if TYPE_CHECKING:
    from huggingface_hub import HfApi

CALL_SECONDS = 60.0
"""The client itself would wait for ever."""

LOG_SECONDS = 20.0
"""How long lines that are there already may take to come; the client itself goes on until five seconds bring
none, which a Space that is asked all the time never lets pass."""

LogName = Literal["build", "run"]

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Account:
    """Who the token belongs to. `may_write` is None where the token's own rights are not told."""

    name: str
    organizations: frozenset[str]
    paid: bool
    may_write: bool | None


@dataclass(frozen=True, slots=True)
class Space:
    """A Space that exists. `url` is where it serves, as the Hub names it; `head` is its newest commit."""

    id: str
    sdk: str | None
    private: bool
    url: str | None
    head: str | None


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a Space is doing. `commit` is that of the build it is about, where the Hub tells it."""

    stage: str
    hardware: str | None
    error: str
    commit: str | None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of the repository: its git blob id, and the SHA-256 of its content where it is stored as a large
    file (the blob is then only a pointer)."""

    blob_id: str
    sha256: str | None


class Hub:
    """Calls in the name of `token`. Every method raises SpaceFailure; `redact` is applied to what the Hub
    quotes from the Space (logs, error messages)."""

    def __init__(self, api: "HfApi", token: str, redact: Callable[[str], str]) -> None:
        self.token = token
        self.endpoint: str = api.endpoint
        self._api = api
        self._redact = redact

    @classmethod
    def connect(cls, token: str | None, redaction: Callable[[str], Callable[[str], str]]) -> "Hub":
        """The Hub at HF_ENDPOINT. Without `token`: the one of `hf auth login`. `redaction` makes the function
        that blanks out secrets, from the token found.

        Raises RagspaceError where the client is not installed.
        """
        try:
            import httpx2
            from huggingface_hub import HfApi, get_token, set_client_factory
        except ImportError:
            raise RagspaceError(
                "This command needs the Hugging Face client, which is not installed.",
                action="Install it: pip install 'ragspace[deploy]'",
            ) from None
        token = token or get_token()
        if token is None:
            raise SpaceFailure("token", "There is no Hugging Face token here.", NEW_TOKEN)
        if not re.fullmatch(r"[\x21-\x7e]+", token):
            raise SpaceFailure("token", "HF_TOKEN holds something that is no token.", NEW_TOKEN)
        logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
        set_client_factory(lambda: httpx2.Client(follow_redirects=True, timeout=CALL_SECONDS))
        return cls(HfApi(token=token), token, redaction(token))

    def account(self) -> Account:
        with told():
            answer = self._api.whoami()
            access = answer.get("auth", {}).get("accessToken", {}).get("role")
            return Account(
                name=answer["name"],
                organizations=frozenset(org["name"] for org in answer.get("orgs", [])),
                paid=bool(answer.get("isPro")),
                may_write=None if access in (None, "fineGrained") else access != "read",
            )

    def space(self, space_id: str) -> Space | None:
        """The Space, or None where there is none (or none that the token may see)."""
        try:
            with told():
                info = self._api.space_info(space_id)
        except SpaceFailure as failure:
            # The Hub answers 401 for a Space that a valid token may not see.
            if failure.kind == "not_found" or (failure.kind == "token" and self.account()):
                return None
            raise
        raw = info.runtime.raw if info.runtime else {}
        host = info.host or next((domain["domain"] for domain in raw.get("domains", [])), None)
        if host and "://" not in host:
            host = f"https://{host}"
        url = host.rstrip("/") if host else None
        return Space(info.id, info.sdk, bool(info.private), url, info.sha)

    def existing(self, space_id: str) -> Space:
        """The Space. Raises SpaceFailure where there is none."""
        space = self.space(space_id)
        if space is None:
            raise SpaceFailure(
                "not_found",
                f"There is no Space {space_id}, or the token may not see it.",
                f"Check the name, or create it: ragspace deploy {space_id}",
            )
        return space

    def docker_spaces(self, owner: str) -> list[str]:
        with told():
            return sorted(info.id for info in self._api.list_spaces(author=owner) if info.sdk == "docker")

    def create(self, space_id: str, *, private: bool) -> Space:
        with told():
            self._api.create_repo(space_id, repo_type="space", space_sdk="docker", private=private)
        return self.existing(space_id)

    def files(self, space_id: str) -> dict[str, RemoteFile]:
        """The files of the main branch, by path."""
        from huggingface_hub.hf_api import RepoFile

        with told():
            entries = list(self._api.list_repo_tree(space_id, recursive=True, repo_type="space"))
        return {
            entry.path: RemoteFile(entry.blob_id, entry.lfs.sha256 if entry.lfs else None)
            for entry in entries
            if isinstance(entry, RepoFile)
        }

    def commit(
        self, space_id: str, added: Mapping[str, bytes], deleted: tuple[str, ...], *, message: str, head: str
    ) -> str:
        """One commit on top of `head`; the new commit's id. Raises SpaceFailure, with what is wrong where the
        front matter of README.md is refused."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            CommitOperationAdd(path, content) for path, content in added.items()
        ]
        operations += [CommitOperationDelete(path) for path in deleted]
        with told(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                made = self._api.create_commit(
                    space_id, operations, commit_message=message, repo_type="space", parent_commit=head
                )
            except ValueError as error:
                if "README.md" not in str(error):
                    raise
                found = "; ".join(line.removeprefix("- ") for line in str(error).splitlines()[1:])
                raise SpaceFailure(
                    "rejected",
                    f"The Hub refuses the front matter of README.md: {found or 'it does not say why'}.",
                    "Correct it, then deploy again; nothing was uploaded.",
                ) from None
        return made.oid

    def secrets(self, space_id: str) -> dict[str, str | None]:
        """When each secret was set, by name, as ISO 8601. Values cannot be read."""
        with told():
            found = self._api.get_space_secrets(space_id)
        times = {name: secret.updated_at for name, secret in found.items()}
        return {name: time.isoformat() if time else None for name, time in times.items()}

    def variables(self, space_id: str) -> dict[str, str]:
        with told():
            return {n: variable.value for n, variable in self._api.get_space_variables(space_id).items()}

    def set_secret(self, space_id: str, name: str, value: str) -> None:
        with told():
            self._api.add_space_secret(space_id, name, value)

    def set_variable(self, space_id: str, name: str, value: str) -> None:
        with told():
            self._api.add_space_variable(space_id, name, value)

    def delete_variable(self, space_id: str, name: str) -> None:
        with told():
            self._api.delete_space_variable(space_id, name)

    def runtime(self, space_id: str) -> Runtime:
        with told():
            found = self._api.get_space_runtime(space_id)
        raw = found.raw
        error = self._redact(_printable(str(raw.get("errorMessage") or "")))
        hardware = found.hardware or found.requested_hardware
        return Runtime(
            str(getattr(found.stage, "value", found.stage)),
            str(getattr(hardware, "value", hardware)) if hardware else None,
            error,
            raw.get("sha"),
        )

    def restart(self, space_id: str, *, factory: bool = False) -> None:
        with told():
            self._api.restart_space(space_id, factory_reboot=factory)

    def log(self, space_id: str, name: LogName, *, follow: bool = False) -> Iterator[str]:
        """The lines of a log, without control characters; with `follow` as they come, until it ends."""
        until = math.inf if follow else time.monotonic() + LOG_SECONDS
        with told():
            for piece in self._api.fetch_space_logs(space_id, build=name == "build", follow=follow):
                for line in _printable(piece).splitlines():
                    yield self._redact(line)
                if time.monotonic() > until:
                    return


def _printable(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n"))
