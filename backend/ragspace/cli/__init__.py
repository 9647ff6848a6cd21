"""The command `ragspace`."""

import sys

import typer
from rich.console import Console

from ragspace import __version__
from ragspace.cli.ask import ask
from ragspace.cli.bundle import bundle
from ragspace.cli.deploy import deploy
from ragspace.cli.doctor import doctor
from ragspace.cli.ingest import ingest
from ragspace.cli.logs import logs
from ragspace.cli.prepare_sample import prepare_sample
from ragspace.cli.restart import restart
from ragspace.cli.secrets import secrets
from ragspace.cli.serve import serve
from ragspace.cli.status import status
from ragspace.cli.verify import verify
from ragspace.errors import RagspaceError
from ragspace.space.failures import EXIT_CODES_TOLD

app = typer.Typer(
    name="ragspace",
    help="A chatbot over your own documents. Settings come from the environment and from .env.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(ingest)
app.command()(ask)
app.command()(doctor)
app.command()(verify)
app.command()(bundle)
app.command(epilog=EXIT_CODES_TOLD)(deploy)
app.command()(status)
app.command()(logs)
app.command()(restart)
app.add_typer(secrets)
app.command(hidden=True)(prepare_sample)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ragspace {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Tell it."
    ),
) -> None:
    """Options that every command shares."""


def main() -> None:
    """Run the command. An error that a person can mend ends it with a sentence, not a traceback, and with the
    error's own exit code: 78 where the configuration is at fault, 1 where nothing more is known."""
    try:
        app()
    except RagspaceError as error:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(error.message, style="red", markup=False)
        console.print(error.action, markup=False)
        sys.exit(error.exit_code)
