"""`ragspace doctor`: look at a configuration before anything is uploaded."""

import asyncio
from typing import Annotated

import typer

from ragspace.cli.configuration import ENV_FILE


def doctor(
    production: Annotated[
        bool, typer.Option("--production", help="Look at it as a Space needs it, with every service.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Tell it as JSON.")] = False,
) -> None:
    """Check the configuration: every variable, then each service for real.

    The settings come from the environment and from .env. Nothing is changed, and nothing is generated:
    Gemini is asked for one embedding. Exit code 1 where a line failed.
    """
    from rich.console import Console

    from ragspace.cli.developer.checks import end_with, looking
    from ragspace.space.doctor import examine
    from ragspace.space.environment import read_variables

    with looking(Console(stderr=True, highlight=False)) as progress:
        checks = asyncio.run(examine(read_variables(ENV_FILE), production=production, progress=progress))
    end_with(checks, as_json=as_json)
