"""Asking for a yes, where somebody is there to give it."""

import sys

import typer

from ragspace.errors import RagspaceError


def confirm(question: str, nobody_there: RagspaceError) -> None:
    """Go on after a yes, end the command with exit code 1 after a no. Raises `nobody_there`."""
    if not sys.stdin.isatty():
        raise nobody_there
    if not typer.confirm(question):
        raise typer.Exit(1)
