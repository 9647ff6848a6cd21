"""The command `ragspace`."""

import sys
from importlib.util import find_spec

import typer
from rich.console import Console

from ragspace import __version__
from ragspace.cli.ask import ask
from ragspace.cli.ingest import ingest
from ragspace.cli.serve import serve
from ragspace.errors import RagspaceError

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
if find_spec("ragspace.cli.developer") is not None:
    from ragspace.cli.developer import add_developer_commands

    add_developer_commands(app)


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
