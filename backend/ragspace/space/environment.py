"""What of the settings goes to the Space, as a secret or as a variable.

Variables are public and are copied when somebody duplicates the Space, so whatever is not known to be
harmless is a secret.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ragspace import configuration
from ragspace.settings import Settings

HARMLESS = frozenset(
    {
        "ALLOWED_ORIGINS",
        "ANSWER_CACHE_ANSWERS",
        "ANSWER_CACHE_DAYS",
        "CHECK_SECONDS",
        "CONNECT_SECONDS",
        "DOCS_BASE_URL",
        "DRAIN_SECONDS",
        "EMBEDDING_DIMENSIONS",
        "EMBEDDING_PROVIDER",
        "EXTRACTIVE_FALLBACK",
        "FIRST_DELTA_SECONDS",
        "GEMINI_EMBEDDING_MODEL",
        "GEMINI_MODEL",
        "HEAD_HOLD_SECONDS",
        "HEALTH_INTERVAL_SECONDS",
        "KEEP_ALIVE_SECONDS",
        "LLM_MODEL",
        "LOG_CONTENT",
        "LOG_LEVEL",
        "MAX_RUNNING_ANSWERS",
        "MAX_WAITING_QUESTIONS",
        "OTEL_SERVICE_NAME",
        "PUBLIC_URL",
        "QDRANT_COLLECTION",
        "RAGSPACE_MODE",
        "RATE_LIMIT",
        "REPLICA_LOST_SECONDS",
        "REQUEST_BODY_SECONDS",
        "REQUEST_HEAD_SECONDS",
        "RETRIEVAL_SECONDS",
        "STALL_SECONDS",
        "STORAGE_SECONDS",
        "TOP_K",
        "TRUSTED_HOPS",
        "WAIT_SECONDS",
    }
)

STAYS_HERE = frozenset(
    {
        "GEMINI_EMBEDDING_PRICE",
        "GEMINI_EMBEDDING_REQUESTS_PER_DAY",
        "HOST",
        "PORT",
        "RAGSPACE_BAKED_DOCUMENTS",
        "RAGSPACE_BUILD_ID",
        "RAGSPACE_DATA_DIR",
        "REDIS_URL",
        "SPACE_HOST",
        "SPACE_ID",
    }
)
"""Of this machine, given by the image and by the platform, or of several replicas: a Space is one."""

_PLACEHOLDER = "set-on-the-space"
_PLACEHOLDERS = {
    "DATABASE_URL": "postgresql://set@on-the-space.invalid/set",
    "QDRANT_URL": "https://on-the-space.invalid",
    "LLM_BASE_URL": "https://on-the-space.invalid",
    "GEMINI_BASE_URL": "https://on-the-space.invalid",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "https://on-the-space.invalid",
}
"""Stand for the value of a secret that only the Space knows, where one of a certain shape is asked for."""


def is_placeholder(value: str) -> bool:
    """Whether `value` stands for a secret that only the Space knows."""
    return value == _PLACEHOLDER or value in _PLACEHOLDERS.values()


def read_variables(env_file: Path | None, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of `environment` (default: the process's), which beats `env_file`, by upper-case name;
    empty ones are left out. Raises ConfigurationError where the file cannot be read."""
    found: dict[str, str] = {}
    if env_file is not None:
        found |= {name.upper(): value for name, value in configuration.read_env_file(env_file).items()}
    given = os.environ if environment is None else environment
    found |= {name.upper(): value for name, value in given.items() if value}
    return {name: value.strip() for name, value in found.items() if value.strip()}


@dataclass(frozen=True, slots=True)
class SpaceEnvironment:
    """The settings that a Space is given; `secrets` and `variables` share no name."""

    secrets: Mapping[str, str]
    variables: Mapping[str, str]

    @classmethod
    def of(cls, variables: Mapping[str, str], already_secret: Iterable[str] = ()) -> "SpaceEnvironment":
        """Of all `variables`, ragspace's own settings. What is a secret on the Space already stays one, since
        the Hub takes no name for both."""
        known = {name.upper() for name in Settings.model_fields} - STAYS_HERE
        given = {name: value for name, value in sorted(variables.items()) if name in known}
        secret = frozenset(already_secret)
        public = {n: v for n, v in given.items() if n in HARMLESS and n not in secret and "@" not in v}
        return cls({name: value for name, value in given.items() if name not in public}, public)

    def settings(
        self, space_id: str, on_space: Mapping[str, str | None], of_the_image: Mapping[str, str]
    ) -> Settings:
        """The settings that the process will have there. `on_space` is what the Space has of its own, by
        name; a value of None is a secret's. `of_the_image` beats all.

        Raises ConfigurationError where they cannot work there.
        """
        there = {
            name: _PLACEHOLDERS.get(name, _PLACEHOLDER) if value is None else value
            for name, value in on_space.items()
            if name not in STAYS_HERE and (value is not None or name not in HARMLESS)
        }
        given = {**there, **self.variables, **self.secrets, **of_the_image}
        return configuration.load(given | {"SPACE_ID": space_id})

    def confidential(self) -> frozenset[str]:
        """What no output may hold."""
        return frozenset(self.secrets.values())
