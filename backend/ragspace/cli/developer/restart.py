"""`ragspace restart`: a Space anew."""

from typing import Annotated

import typer

from ragspace.cli.configuration import ENV_FILE
from ragspace.cli.developer.session import EnvFile, SpaceId, SpaceSession, interruptible


def restart(
    space: SpaceId,
    factory: Annotated[bool, typer.Option("--factory", help="Build the image anew, from nothing.")] = False,
    env_file: EnvFile = ENV_FILE,
) -> None:
    """Restart a Space; also the way out of paused. Paid hardware is billed from then on."""
    with interruptible("Stopped."):
        session = SpaceSession(env_file)
        session.hub.existing(space)
        session.hub.restart(space, factory=factory)
        session.say(f"{space} {'is built anew' if factory else 'restarts'}: ragspace status {space}")
