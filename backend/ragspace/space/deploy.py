"""A deployment: what the plan says, in the order in which it has to happen."""

import re
import time
from dataclasses import dataclass

from ragspace.space import stages
from ragspace.space.changes import changes
from ragspace.space.diagnosis import DEFAULT_PORT
from ragspace.space.failures import SpaceFailure
from ragspace.space.fingerprints import Fingerprints
from ragspace.space.hub import Hub, Space
from ragspace.space.launch import Awaited, Launch, Limits
from ragspace.space.plan import Plan
from ragspace.space.progress import Progress
from ragspace.space.pushing import push


@dataclass(frozen=True, slots=True)
class Deployed:
    """A Space that serves the plan's build at `url`."""

    space: Space
    url: str


def carry_out(
    plan: Plan, hub: Hub, fingerprints: Fingerprints, progress: Progress, limits: Limits
) -> Deployed:
    """Do what `plan` says and wait for its build. Raises SpaceFailure with the cause where it does not come.

    Secrets go before the files: the upload starts the build, and its first container would run without them.
    """
    space_id = plan.wish.space_id
    space = plan.space
    if space is None:
        progress.phase(f"Creating {space_id}")
        space = _create(plan, hub)
    if plan.settings:
        progress.phase("Setting secrets and variables")
        push(hub, space_id, plan.settings, fingerprints, progress)
    before = hub.runtime(space_id).stage
    commit = None
    if plan.changes:
        commit = _upload(plan, hub, space, progress)
    restarted = None
    if plan.restart:
        progress.phase("Restarting the Space")
        # A build that failed is not repeated by an ordinary restart.
        hub.restart(space_id, factory=commit is None and before in {"BUILD_ERROR", "NO_APP_FILE"})
        restarted = time.monotonic()
    space = hub.existing(space_id)
    if space.url is None:
        raise SpaceFailure(
            "hub",
            "The Hub names no address for the Space.",
            f"See https://huggingface.co/spaces/{space_id}, then run the command again.",
        )
    # A deployment that was interrupted left a build on its way.
    if commit or restarted is not None or before in stages.BUILDING | stages.STARTING:
        awaited = Awaited(
            space_id=space_id,
            url=space.url,
            build_id=plan.bundle.build_id,
            before=before,
            commit=commit,
            restarted=None if commit else restarted,
            private=space.private,
            app_port=_app_port(plan),
        )
        Launch(hub, awaited, limits, progress).wait()
    return Deployed(space, space.url)


def _create(plan: Plan, hub: Hub) -> Space:
    try:
        return hub.create(plan.wish.space_id, private=plan.wish.private)
    except SpaceFailure as failure:
        if failure.kind != "plan":
            raise
    owner, _, name = plan.wish.space_id.partition("/")
    try:
        existing = hub.docker_spaces(owner)
    except SpaceFailure:
        existing = []
    offer = (
        f"Or deploy to a Docker Space that {owner} already has: "
        + ", ".join(f"ragspace deploy {space}" for space in existing[:5])
        if existing
        else f"{owner} has no Docker Space yet that could be used instead."
    )
    raise SpaceFailure(
        "plan",
        f"A free account cannot create Docker Spaces, so the Hub refused to create {name}.",
        f"Subscribe to PRO (for an organisation: Team) at https://huggingface.co/pricing. {offer}",
    )


def _upload(plan: Plan, hub: Hub, space: Space, progress: Progress) -> str:
    added, deleted = plan.changes.added, plan.changes.deleted
    size = sum(map(len, added.values()))
    progress.phase(f"Uploading {count(len(added), 'file')} ({size / 1000:.0f} kB)")
    if space.head is None:
        raise SpaceFailure("hub", "The Hub names no commit of the Space.", "Run the command again.")
    if plan.space is None:
        # The Hub puts files of its own into a new repository.
        deleted = changes(plan.bundle.files, hub.files(plan.wish.space_id)).deleted
    return hub.commit(
        plan.wish.space_id,
        added,
        deleted,
        message=f"Deploy ragspace build {plan.bundle.build_id}",
        head=space.head,
    )


def _app_port(plan: Plan) -> int:
    found = re.search(rb"^app_port:\s*(\d+)", plan.bundle.files.get("README.md", b""), re.MULTILINE)
    return int(found[1]) if found else DEFAULT_PORT


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
