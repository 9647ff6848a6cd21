"""`ragspace verify`: prove a deployment from outside."""

import asyncio
from typing import Annotated

import typer

from ragspace.cli.configuration import ENV_FILE
from ragspace.cli.developer.session import interruptible


def verify(
    url: Annotated[str, typer.Argument(help="Address of the deployment, such as https://me-demo.hf.space")],
    origin: Annotated[
        str | None, typer.Option(help="The front end's origin, such as https://my-app.vercel.app")
    ] = None,
    question: Annotated[
        str | None, typer.Option(help="What to ask, instead of a general question.", show_default=False)
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="HF_TOKEN",
            show_default=False,
            help="Token of Hugging Face for a private Space; better in the variable than here.",
        ),
    ] = None,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds that a sleeping Space gets to wake up.")
    ] = 300,
    as_json: Annotated[bool, typer.Option("--json", help="Tell it as JSON.")] = False,
) -> None:
    """Prove a deployment from outside: health, streaming, sources, origins, TLS, headers, no secret.

    One or two questions are asked for real, and their conversation is deleted again. Where settings are at
    hand, in the environment or in .env, their secrets are searched for in every byte received, and their
    API_KEY is sent to a deployment that asks for it. Exit code 1 where a line failed.
    """
    from rich.console import Console

    from ragspace.cli.developer.checks import end_with, looking
    from ragspace.space.environment import SpaceEnvironment, read_variables
    from ragspace.space.verify import verify as prove

    known = SpaceEnvironment.of(read_variables(ENV_FILE)).secrets
    console = Console(stderr=True, highlight=False)
    with interruptible("Stopped; what was asked is deleted again."), looking(console) as progress:
        checks = asyncio.run(
            prove(
                url,
                origin=origin,
                token=token,
                key=known.get("API_KEY"),
                patience=patience,
                question=question,
                secrets=known,
                progress=progress,
                waiting=lambda told: console.print(told[:1].upper() + told[1:] + ".", markup=False),
            )
        )
    end_with(checks, as_json=as_json)
