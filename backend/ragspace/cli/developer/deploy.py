"""`ragspace deploy`: from a folder to a verified production URL."""

import asyncio
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragspace.cli.configuration import ENV_FILE
from ragspace.cli.developer.confirmation import confirm
from ragspace.cli.developer.session import EnvFile, SpaceId, SpaceSession, interruptible
from ragspace.errors import RagspaceError

if TYPE_CHECKING:
    from ragspace.space.deploy import Deployed
    from ragspace.space.plan import Plan


def deploy(
    space: SpaceId,
    docs: Annotated[
        Path | None, typer.Option(help="Bake these documents and their index into the image.")
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Create the Space as a private one.")] = False,
    origin: Annotated[
        str | None, typer.Option(help="The front end's origin, such as https://my-app.vercel.app.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    env_file: EnvFile = ENV_FILE,
    build_timeout: Annotated[float, typer.Option(help="Seconds for the build.")] = 1800,
    start_timeout: Annotated[float, typer.Option(help="Seconds from the build to the first answer.")] = 600,
    poll: Annotated[float, typer.Option(help="Seconds between two looks at the Space.", hidden=True)] = 2,
) -> None:
    """Deploy ragspace with your settings to a Hugging Face Space, and prove that it works.

    Secrets and variables come from the environment and from .env; HF_TOKEN is the token to do it with.
    Running it again uploads only what changed.
    """
    from ragspace.cli.developer.plan import show_plan
    from ragspace.cli.developer.progress import TerminalProgress
    from ragspace.space.bundle import assemble
    from ragspace.space.deploy import carry_out
    from ragspace.space.launch import Limits
    from ragspace.space.plan import Wish, prepare

    with interruptible("Stopped; nothing was changed."):
        session = SpaceSession(env_file)
        fingerprints = session.fingerprints(space)
        wish = Wish(space, docs, private, origin)
        animated = docs is not None and session.console.is_terminal
        with session.console.status("Reading the documents") if animated else nullcontext():
            plan = prepare(session.hub, wish, session.variables, fingerprints, assemble)
        show_plan(plan, session)
        if dry_run:
            session.say("\nThis is a dry run: nothing was changed.")
            return
        if plan.questions and not yes:
            confirm("\nGo on?", _nobody_there(plan.questions))
    with interruptible(f"Stopped. The Space goes on with what it was given: ragspace status {space}"):
        limits = Limits(build=build_timeout, start=start_timeout, poll=poll)
        session.say()
        with TerminalProgress(session.console, session.redact) as progress:
            deployed = carry_out(plan, session.hub, fingerprints, progress, limits)
        _verify(plan, deployed, session)
    _show_end(deployed, session)


def _nobody_there(questions: tuple[str, ...]) -> RagspaceError:
    return RagspaceError(
        "This needs a yes, and nobody is there to give it: " + " ".join(questions),
        action="Add --yes if all of it is meant.",
    )


def _verify(plan: "Plan", deployed: "Deployed", session: SpaceSession) -> None:
    from ragspace.cli.developer.checks import show_checks
    from ragspace.space.checks import passed
    from ragspace.space.failures import SpaceFailure
    from ragspace.space.verify import verify

    session.say("\nVerifying from outside:")
    checks = asyncio.run(
        verify(
            deployed.url,
            origin=plan.origin,
            token=session.hub.token if deployed.space.private else None,
            key=plan.settings.environment.secrets.get("API_KEY"),
            build_id=plan.bundle.build_id,
            waiting=lambda told: session.say(f"  {told}", "dim"),
            secrets=plan.settings.environment.secrets,
        )
    )
    show_checks(checks, as_json=False)
    if not passed(checks):
        raise SpaceFailure(
            "verify",
            f"{deployed.url} serves this build, and does not pass every check.",
            f"Mend what the lines above name, then: ragspace deploy {plan.wish.space_id}",
        )


def _show_end(deployed: "Deployed", session: SpaceSession) -> None:
    space_id = deployed.space.id
    session.say(f"\n{deployed.url} is in production.\n", "bold green")
    session.say(f"  For the front end:  VITE_API_BASE_URL={deployed.url}")
    session.say(f"  Logs:               ragspace logs {space_id} --follow")
    session.say(f"  State:              ragspace status {space_id}")
