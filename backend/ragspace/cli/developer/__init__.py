"""The commands of a developer's own machine. An image is made without them and what they stand on."""

import typer

from ragspace.cli.developer.bundle import bundle
from ragspace.cli.developer.deploy import deploy
from ragspace.cli.developer.doctor import doctor
from ragspace.cli.developer.evaluate import evaluate
from ragspace.cli.developer.logs import logs
from ragspace.cli.developer.prepare_sample import prepare_sample
from ragspace.cli.developer.report import report
from ragspace.cli.developer.restart import restart
from ragspace.cli.developer.secrets import secrets
from ragspace.cli.developer.status import status
from ragspace.cli.developer.verify import verify
from ragspace.space.failures import EXIT_CODES_TOLD


def add_developer_commands(app: typer.Typer) -> None:
    app.command("eval")(evaluate)
    app.command()(report)
    app.command()(doctor)
    app.command()(verify)
    app.command()(bundle)
    app.command(epilog=EXIT_CODES_TOLD)(deploy)
    app.command()(status)
    app.command()(logs)
    app.command()(restart)
    app.add_typer(secrets)
    app.command(hidden=True)(prepare_sample)
