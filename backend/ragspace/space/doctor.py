"""A configuration looked at before anything is uploaded: every variable, then each service for real.

Nothing is changed and nothing is generated; the costs are a few requests, one of them an embedding.
"""

from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping
from contextlib import aclosing

from ragspace import configuration
from ragspace.parts import choose_embedder
from ragspace.ports import Egress
from ragspace.settings import Settings
from ragspace.space.checks import Check
from ragspace.space.examination.index import check_index
from ragspace.space.examination.models import check_embedding, check_gemini, check_openai
from ragspace.space.examination.origins import NAME as ORIGINS
from ragspace.space.examination.origins import check_origins
from ragspace.space.examination.ports import check_database_port, check_qdrant_port
from ragspace.space.examination.replicas import check_redis
from ragspace.space.examination.storage import check_storage
from ragspace.space.examination.variables import check_variables


async def examine(
    variables: Mapping[str, str],
    *,
    production: bool = False,
    egress: Egress | None = None,
    progress: Callable[[Check], None] | None = None,
) -> list[Check]:
    """Every line about the configuration in `variables` (by upper-case name).

    `production`: as a Space needs it, whatever RAGSPACE_MODE says. A service whose variables are wrong is not
    asked. `progress` is told each line as it is known. No line holds a value of a secret, nor a host.
    """
    given = {**variables, "RAGSPACE_MODE": "production"} if production else variables
    settings, problems = configuration.read(given)
    wrong = {problem.variable for problem in problems}
    examination = _Examination(
        settings, wrong, egress or Egress(), progress or (lambda _check: None), on_space=production
    )
    examination.add(check_variables(given, settings, problems))
    if ORIGINS not in wrong:
        examination.add(check_origins(settings))
    await examination.run()
    return examination.checks


class _Examination:
    """The lines so far."""

    def __init__(
        self,
        settings: Settings,
        wrong: Collection[str],
        egress: Egress,
        progress: Callable[[Check], None],
        *,
        on_space: bool,
    ) -> None:
        self.checks: list[Check] = []
        self._settings = settings
        self._wrong = frozenset(wrong)
        self._egress = egress
        self._progress = progress
        self._on_space = on_space

    def add(self, checks: Iterable[Check]) -> None:
        for check in checks:
            self.checks.append(check)
            self._progress(check)

    async def run(self) -> None:
        """Ask the services."""
        embedder = choose_embedder(self._settings)
        try:
            await self._models()
            embeds = self._may_ask("embedding", "GEMINI_API_KEY", "GEMINI_BASE_URL", "EMBEDDING_DIMENSIONS")
            if embeds:
                await self._each(check_embedding(embedder))
            if self._may_ask("qdrant", "QDRANT_URL", "QDRANT_API_KEY", "QDRANT_COLLECTION"):
                if self._settings.index == "built-in":
                    self._skip("qdrant", "The index is built in: there is no service to ask.")
                else:
                    await self._each(check_index(self._settings, embedder if embeds else None))
                    await self._each(check_qdrant_port(self._settings, self._egress))
        finally:
            await embedder.close()
        if self._may_ask("postgres", "DATABASE_URL"):
            address = self._settings.database
            if address.dialect == "sqlite":
                self._skip("postgres", "Conversations are kept in SQLite: there is no service to ask.")
            else:
                await self._each(check_storage(address, self._egress))
                await self._each(check_database_port(address, self._egress))
        url = self._settings.replicas
        if self._may_ask("redis", "REDIS_URL") and url is not None:
            await self._each(check_redis(url, on_space=self._on_space))

    async def _models(self) -> None:
        writes, embeds = self._settings.generation, self._settings.embedding
        if "gemini" in (writes, embeds) and self._may_ask("gemini", "GEMINI_BASE_URL", "GEMINI_MODEL"):
            await self._each(check_gemini(self._settings))
        own = "GEMINI_API_KEY", "LLM_BASE_URL", "LLM_MODEL"
        if writes == "openai" and self._may_ask("endpoint", "LLM_BASE_URL", "LLM_MODEL"):
            await self._each(check_openai(self._settings))
        elif writes == "extractive" and self._may_ask("language model", *own):
            self._skip("language model", "None: answers are quoted from the documents.")

    def _may_ask(self, name: str, *variables: str) -> bool:
        wrong = sorted(self._wrong.intersection(variables))
        if wrong:
            self._skip(name, f"Not asked while {' and '.join(wrong)} must be mended.")
        return not wrong

    def _skip(self, name: str, why: str) -> None:
        self.add([Check(name, "skipped", why)])

    async def _each(self, checks: AsyncGenerator[Check, None]) -> None:
        async with aclosing(checks) as each:
            async for check in each:
                self.add([check])
