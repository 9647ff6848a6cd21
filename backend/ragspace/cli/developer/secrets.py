"""`ragspace secrets`: the secrets and variables of a Space, by name. No command shows a value."""

import typer

from ragspace.cli.configuration import ENV_FILE
from ragspace.cli.developer.session import EnvFile, SpaceId, SpaceSession, interruptible

secrets = typer.Typer(
    name="secrets", help="The secrets and variables of a Space.", no_args_is_help=True, add_completion=False
)


@secrets.command()
def push(space: SpaceId, env_file: EnvFile = ENV_FILE) -> None:
    """Set what differs from your settings, then restart the Space so that they count."""
    from ragspace.cli.developer.progress import TerminalProgress
    from ragspace.space.pushing import SettingsThere, compare
    from ragspace.space.pushing import push as push_settings
    from ragspace.space.sources import BAKED_DOCUMENTS

    with interruptible("Stopped."):
        session = SpaceSession(env_file)
        session.hub.existing(space)
        fingerprints = session.fingerprints(space)
        there = SettingsThere.read(session.hub, space)
        change = compare(there, session.variables, fingerprints)
        baked = any(path.startswith(f"{BAKED_DOCUMENTS}/") for path in session.hub.files(space))
        change.settings(space, {"RAGSPACE_BAKED_DOCUMENTS": BAKED_DOCUMENTS} if baked else None)
        if not change:
            session.say("The Space has all of it already.")
            return
        with TerminalProgress(session.console, session.redact) as progress:
            progress.phase("Setting secrets and variables")
            push_settings(session.hub, space, change, fingerprints, progress)
            progress.phase("Restarting the Space")
            session.hub.restart(space)


@secrets.command("list")
def list_secrets(space: SpaceId, env_file: EnvFile = ENV_FILE) -> None:
    """List the names of a Space's secrets and variables."""
    with interruptible("Stopped."):
        session = SpaceSession(env_file)
        session.hub.existing(space)
        for kind, names in (
            ("secret", session.hub.secrets(space)),
            ("variable", session.hub.variables(space)),
        ):
            for name in sorted(names):
                session.say(f"{kind:10}{name}")
