"""The settings of a command: its options beat the environment, which beats `.env`."""

import os
from pathlib import Path

from ragspace import configuration
from ragspace.settings import Settings

ENV_FILE = Path(".env")


def load_settings(**options: str | int | None) -> Settings:
    """Raises ConfigurationError where the configuration cannot work. An option that is None was not given."""
    given = {name.upper(): str(value) for name, value in options.items() if value is not None}
    return configuration.load({**os.environ, **given}, ENV_FILE)
