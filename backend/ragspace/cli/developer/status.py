"""`ragspace status`: how a Space is."""

from rich.table import Table

from ragspace.cli.configuration import ENV_FILE
from ragspace.cli.developer.session import EnvFile, SpaceId, SpaceSession, interruptible


def status(space: SpaceId, env_file: EnvFile = ENV_FILE) -> None:
    """Tell what a Space is doing, where it serves, and which build answers there."""
    from ragspace.space import stages
    from ragspace.space.serving import ask

    with interruptible("Stopped."):
        session = SpaceSession(env_file)
        found = session.hub.existing(space)
        runtime = session.hub.runtime(space)
        # A question would wake it.
        asleep = runtime.stage == "SLEEPING"
        token = session.hub.token if found.private else None
        serving = ask(found.url, token) if found.url and not asleep else None
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        told = stages.meaning(runtime.stage)
        table.add_row("State", f"{told} ({runtime.error})" if runtime.error else told)
        table.add_row("Visibility", "private" if found.private else "public")
        table.add_row("Hardware", runtime.hardware or "none yet")
        table.add_row("URL", found.url or "none yet")
        table.add_row("Build", (serving.build_id or "unknown") if serving else "nothing answers")
        table.add_row(
            "Health", serving.status if serving else "not asked, it sleeps" if asleep else "no answer"
        )
        session.console.print(table, markup=False)
