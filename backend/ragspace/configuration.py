"""Settings from the environment and `.env`; what is wrong with them is told at once, by variable name, with
the way to mend it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ragspace.errors import ConfigurationError
from ragspace.settings import Settings

WHERE_TO_GET = {
    "GEMINI_API_KEY": "create a key at https://aistudio.google.com/apikey",
    "LLM_MODEL": "the model's name, as the endpoint at LLM_BASE_URL knows it",
    "LLM_BASE_URL": "an OpenAI-compatible endpoint, such as http://localhost:11434/v1 for Ollama",
    "QDRANT_URL": "the cluster's endpoint, on its page at https://cloud.qdrant.io",
    "QDRANT_API_KEY": "create a key on the cluster's page at https://cloud.qdrant.io",
    "DATABASE_URL": "the connection string, behind Connect at https://console.neon.tech",
    "REDIS_URL": "the connection string of your Redis; without it each replica works by itself",
    "ALLOWED_ORIGINS": "the addresses of your front end, comma-separated, such as https://my-app.vercel.app",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A variable that is missing or malformed. `message` never holds its value."""

    variable: str
    message: str

    @classmethod
    def of(cls, error: ErrorDetails) -> Self:
        """From a validation error; the value itself is left out."""
        message = error["msg"].removeprefix("Value error, ")
        return cls(str(error["loc"][0]).upper(), message[:1].lower() + message[1:])

    @property
    def line(self) -> str:
        fix = WHERE_TO_GET.get(self.variable)
        return f"  {self.variable}: {self.message}" + (f" ({fix})" if fix else "")


def load(environment: Mapping[str, str] | None = None, env_file: Path | None = None) -> Settings:
    """Settings from `environment` (default: the process's), which beats `env_file`.

    Raises ConfigurationError, whose message lists every variable that is missing or malformed and how to
    get it. Empty values count as not set.
    """
    settings, problems = read(environment, env_file)
    if problems:
        raise configuration_error(problems)
    return settings


def read(
    environment: Mapping[str, str] | None = None, env_file: Path | None = None
) -> tuple[Settings, list[Problem]]:
    """The settings as `load` takes them, as far as they can be read, and all that is wrong with them."""
    values: dict[str, str] = {}
    if env_file is not None:
        values |= {name.lower(): value for name, value in read_env_file(env_file).items()}
    values |= {n.lower(): v for n, v in (os.environ if environment is None else environment).items() if v}
    values = {name: value.strip() for name, value in values.items() if name in Settings.model_fields}
    settings, problems = _validated({name: value for name, value in values.items() if value})
    malformed = {problem.variable for problem in problems}
    problems += [problem for problem in missing_variables(settings) if problem.variable not in malformed]
    return settings, problems


def read_env_file(env_file: Path) -> dict[str, str]:
    """The variables in `env_file` that have a value; none where there is no such file.

    Raises ConfigurationError where it cannot be read.
    """
    try:
        found = dotenv_values(env_file) if env_file.is_file() else {}
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(
            f"The file {env_file} cannot be read.",
            action="Save it as UTF-8 text that this user may read, or move it away.",
        ) from None
    return {name: value for name, value in found.items() if value}


def _validated(values: dict[str, str]) -> tuple[Settings, list[Problem]]:
    problems: list[Problem] = []
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems = [Problem.of(item) for item in error.errors(include_url=False, include_input=False)]
        named = {problem.variable.lower() for problem in problems}
        settings = Settings.model_validate({n: v for n, v in values.items() if n not in named})
    if settings.database_url is not None and settings.mode != "embedded":
        try:
            _ = settings.database
        except ValueError as error:
            problems.append(Problem("DATABASE_URL", str(error).removeprefix("DATABASE_URL is ")))
    return settings, problems


def configuration_error(problems: list[Problem]) -> ConfigurationError:
    """One error that lists all `problems`, a line each."""
    lines = "\n".join(problem.line for problem in sorted(problems, key=lambda problem: problem.variable))
    return ConfigurationError(
        f"ragspace cannot start with this configuration:\n{lines}",
        action="Set these as secrets or variables in the Space's Settings, in the environment or in .env. "
        "RAGSPACE_MODE=embedded runs on the built-in parts, without any of them.",
    )


def missing_variables(settings: Settings) -> list[Problem]:
    """What the mode requires and is not there, and parts that are half configured."""
    if settings.mode == "embedded":
        return []
    production = settings.mode == "production"
    missing: dict[str, str] = {}
    if production and settings.gemini_api_key is None and settings.llm_base_url is None:
        missing["GEMINI_API_KEY"] = "is missing; or set LLM_BASE_URL and LLM_MODEL"
    if settings.embedding_provider == "gemini" and settings.gemini_api_key is None:
        missing["GEMINI_API_KEY"] = "is missing, and EMBEDDING_PROVIDER=gemini needs it"
    if settings.llm_base_url is not None and settings.llm_model is None:
        missing["LLM_MODEL"] = "is missing, and LLM_BASE_URL needs it"
    if settings.llm_api_key is not None and "@" in urlsplit(settings.llm_base_url or "").netloc:
        missing["LLM_API_KEY"] = "leave it out, or the login in LLM_BASE_URL: both are one header"
    if settings.llm_base_url is None and (settings.llm_model or settings.llm_api_key):
        missing["LLM_BASE_URL"] = "is missing, while LLM_MODEL or LLM_API_KEY is set"
    if settings.ragspace_baked_documents is None:
        missing |= _missing_of_qdrant(settings, production)
    if production and settings.database_url is None:
        missing["DATABASE_URL"] = "is missing"
    problems = [Problem(variable, message) for variable, message in missing.items()]
    if settings.embedding == "local" and settings.embedding_dimensions not in (None, 384):
        problems.append(
            Problem("EMBEDDING_DIMENSIONS", "the local embedder has 384 dimensions: leave it out")
        )
    return problems


def _missing_of_qdrant(settings: Settings, production: bool) -> dict[str, str]:
    missing: dict[str, str] = {}
    if settings.qdrant_url is None and (production or settings.qdrant_api_key is not None):
        missing["QDRANT_URL"] = "is missing"
    needs_key = production or (settings.qdrant_url or "").startswith("https://")
    if settings.qdrant_api_key is None and needs_key:
        missing["QDRANT_API_KEY"] = "is missing"
    return missing
