"""`ragspace prepare-sample`: embed the project's own documentation once, so that no start has to."""

import asyncio

from ragspace.cli.configuration import load_settings
from ragspace.logs import configure_logs


def prepare_sample() -> None:
    """Prepare the index of the sample corpus for the built-in embedder."""
    configure_logs("WARNING", load_settings().secret_values())
    asyncio.run(_prepare())


async def _prepare() -> None:
    from ragspace.models.minilm import MiniLMEmbedder, count_tokens
    from ragspace.retrieval.sample import prepare_sample as prepare

    embedder = MiniLMEmbedder()
    try:
        await prepare(embedder, count_tokens)
    finally:
        await embedder.close()
