"""What the commands about a Space share: the Hub, and output that holds no secret."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ragspace.cli.configuration import ENV_FILE
from ragspace.errors import RagspaceError
from ragspace.logs import redaction
from ragspace.settings import Settings
from ragspace.space.environment import SpaceEnvironment, read_variables
from ragspace.space.fingerprints import FILE_NAME, Fingerprints
from ragspace.space.hub import Hub

EXIT_INTERRUPTED = 130

SpaceId = Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The Space.", show_default=False)]
EnvFile = Annotated[Path, typer.Option(help="File with settings; the environment beats it.")]


class SpaceSession:
    """The Hub in the developer's name, the variables that the settings come from, and a console."""

    def __init__(self, env_file: Path) -> None:
        if env_file != ENV_FILE and not env_file.is_file():
            raise RagspaceError(
                f"There is no file {env_file}.", action="Name an existing file with --env-file."
            )
        self.variables: Mapping[str, str] = read_variables(env_file)
        confidential = SpaceEnvironment.of(self.variables).confidential()
        token = self.variables.get("HF_TOKEN")
        self.hub = Hub.connect(token, lambda token: redaction({token, *confidential}))
        self.redact = redaction({self.hub.token, *confidential})
        self.console = Console(highlight=False, soft_wrap=True)

    def fingerprints(self, space_id: str) -> Fingerprints:
        directory = (
            self.variables.get("RAGSPACE_DATA_DIR") or Settings.model_fields["ragspace_data_dir"].default
        )
        file = Path(directory).expanduser() / FILE_NAME
        return Fingerprints(file, f"{self.hub.endpoint}/spaces/{space_id}")

    def say(self, text: str = "", style: str = "") -> None:
        self.console.print(self.redact(text), style=style, markup=False)


@contextmanager
def interruptible(otherwise: str) -> Iterator[None]:
    """Ctrl-C inside the block ends the command with `otherwise` as the last line and exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{otherwise}\n")
        raise typer.Exit(EXIT_INTERRUPTED) from None
