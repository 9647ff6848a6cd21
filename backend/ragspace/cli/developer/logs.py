"""`ragspace logs`: the build and run logs of a Space."""

from collections import deque
from typing import Annotated

import typer

from ragspace.cli.configuration import ENV_FILE
from ragspace.cli.developer.session import EnvFile, SpaceId, SpaceSession, interruptible
from ragspace.space.hub import LogName


def logs(
    space: SpaceId,
    build: Annotated[bool, typer.Option("--build", help="The build's log, not the application's.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with new lines, until Ctrl-C.")
    ] = False,
    tail: Annotated[int | None, typer.Option(min=0, help="Only the last lines.", show_default=False)] = None,
    env_file: EnvFile = ENV_FILE,
) -> None:
    """Show the log of a Space's application, or of its build."""
    name: LogName = "build" if build else "run"
    with interruptible("Stopped; the Space goes on."):
        session = SpaceSession(env_file)
        session.hub.existing(space)
        seen = 0
        if not follow or tail is not None:
            last: deque[str] = deque(maxlen=tail)
            for line in session.hub.log(space, name):
                seen += 1
                last.append(line)
            for line in last:
                session.say(line)
        if follow:
            # The Hub begins anew with the first line.
            for number, line in enumerate(session.hub.log(space, name, follow=True)):
                if number >= seen:
                    session.say(line)
