"""What a deployment will do, shown before anything happens. Names only: no secret has its value here."""

from collections.abc import Iterable

from ragspace.cli.developer.session import SpaceSession
from ragspace.space import stages
from ragspace.space.deploy import count
from ragspace.space.plan import Plan

LISTED = 8
"""Names that a line of the plan tells; of more it tells how many."""


def show_plan(plan: Plan, session: SpaceSession) -> None:
    """Print `plan`: what will be done, what to beware of, what has to be said yes to."""
    say = session.say
    visibility = "private" if plan.private else "public"
    if plan.space is None or plan.runtime is None:
        state = f"{visibility}, to be created as a Docker Space"
    else:
        state = f"{visibility}, {stages.meaning(plan.runtime.stage)}"
    say(f"{plan.wish.space_id}: {state} (as {plan.account.name})", "bold")
    files = plan.bundle.files
    say(f"  Bundle     {count(len(files), 'file')}, build {plan.bundle.build_id}")
    if baked := plan.bundle.documents:
        read = count(baked.summary.files, "file")
        say(f"  Documents  {read}, {count(baked.passages, 'passage')}, embedded with {baked.embedding_model}")
        for skipped in baked.summary.skipped:
            say(f"  ! skipped {skipped.file}: {skipped.reason}", "yellow")
    say(f"  Upload     {_upload(plan)}")
    settings = plan.settings
    kept = len(settings.environment.secrets) - len(settings.secrets)
    say(f"  Secrets    {_names(settings.secrets)}" + (f" ({kept} unchanged)" if kept else ""))
    say(f"  Variables  {_names(settings.variables)}")
    if settings.exposed:
        say(f"  Made secret, no longer public  {_names(settings.exposed)}", "yellow")
    if settings.left:
        say(f"  Left as they are on the Space, not set here  {_names(settings.left)}")
    if plan.restart:
        say("  Restart    yes")
    for warning in plan.warnings:
        say(f"  ! {warning}", "yellow")
    for question in plan.questions:
        say(f"  ? {question}", "bold")


def _upload(plan: Plan) -> str:
    changes = plan.changes
    if not changes:
        return "nothing: the Space has every file already"
    told = []
    if changes.added:
        size = sum(map(len, changes.added.values()))
        told.append(f"{count(len(changes.added), 'file')}, {size / 1000:.1f} kB ({_names(changes.added)})")
    if changes.deleted:
        told.append(f"{count(len(changes.deleted), 'file')} deleted ({_names(changes.deleted)})")
    return "; ".join(told)


def _names(names: Iterable[str]) -> str:
    listed = list(names)
    shown = ", ".join(listed[:LISTED])
    return (f"{shown} and {len(listed) - LISTED} more" if len(listed) > LISTED else shown) or "none to set"
