"""The commands that bring ragspace onto a Space. An image is made without them and what they stand on."""

import typer

from ragspace.cli.space.bundle import bundle
from ragspace.cli.space.deploy import deploy
from ragspace.cli.space.doctor import doctor
from ragspace.cli.space.logs import logs
from ragspace.cli.space.restart import restart
from ragspace.cli.space.secrets import secrets
from ragspace.cli.space.status import status
from ragspace.cli.space.verify import verify
from ragspace.space.failures import EXIT_CODES_TOLD


def add_space_commands(app: typer.Typer) -> None:
    app.command()(doctor)
    app.command()(verify)
    app.command()(bundle)
    app.command(epilog=EXIT_CODES_TOLD)(deploy)
    app.command()(status)
    app.command()(logs)
    app.command()(restart)
    app.add_typer(secrets)
