"""The one place that chooses, from the settings, which implementation stands behind each protocol."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from ragspace.conversations.records import Conversations
from ragspace.models.protocols import Embedder, Generator
from ragspace.retrieval.protocols import PassageIndex
from ragspace.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """What a configuration is made of; nothing is opened yet.

    `open_index` opens the index; a built-in one that holds nothing is filled with the documents that were
    baked into the image or, without any, with the sample corpus.
    """

    embedder: Embedder
    generator: Generator
    index: PassageIndex
    open_index: Callable[[], Awaitable[object]]
    conversations: Conversations
    fallback: Generator | None


def choose_parts(settings: Settings) -> Parts:
    embedder, index = choose_embedder(settings), choose_index(settings)
    return Parts(
        embedder=embedder,
        generator=_generator(settings),
        index=index,
        open_index=_opening(settings, index, embedder),
        conversations=_conversations(settings),
        fallback=_extractive() if settings.extractive_fallback else None,
    )


def choose_embedder(settings: Settings) -> Embedder:
    if settings.embedding == "gemini" and settings.gemini_api_key is not None:
        from ragspace.models.gemini_embedder import GeminiEmbedder

        return GeminiEmbedder(
            settings.gemini_api_key.get_secret_value(),
            settings.gemini_embedding_model,
            settings.gemini_base_url,
            default_dimensions=settings.embedding_dimensions or 768,
        )
    from ragspace.models.minilm import MiniLMEmbedder

    return MiniLMEmbedder()


def choose_index(settings: Settings) -> PassageIndex:
    if settings.index == "qdrant" and settings.qdrant_url is not None:
        from ragspace.retrieval.qdrant import QdrantIndex

        key = settings.qdrant_api_key
        return QdrantIndex(
            settings.qdrant_url, key.get_secret_value() if key else None, settings.qdrant_collection
        )
    from ragspace.retrieval.edge import EdgeIndex

    return EdgeIndex(settings.data_dir / "index", settings.qdrant_collection)


def _opening(settings: Settings, index: PassageIndex, embedder: Embedder) -> Callable[[], Awaitable[object]]:
    from ragspace.retrieval.edge import EdgeIndex

    if not isinstance(index, EdgeIndex):
        return index.open
    if settings.ragspace_baked_documents is not None:
        from ragspace.retrieval.baked import load_baked

        return partial(load_baked, index, settings.ragspace_baked_documents)
    from ragspace.models.minilm import count_tokens
    from ragspace.retrieval.sample import load_sample

    return partial(load_sample, index, embedder, count_tokens)


def _generator(settings: Settings) -> Generator:
    if settings.generation == "openai" and settings.llm_base_url is not None:
        from ragspace.models.openai import OpenAIGenerator

        key = settings.llm_api_key
        return OpenAIGenerator(
            settings.llm_base_url,
            settings.llm_model or "",
            key.get_secret_value() if key else None,
            first_delta_timeout=settings.first_delta_seconds,
        )
    if settings.generation == "gemini" and settings.gemini_api_key is not None:
        from ragspace.models.gemini_generator import GeminiGenerator

        return GeminiGenerator(
            settings.gemini_api_key.get_secret_value(),
            settings.gemini_model,
            settings.gemini_base_url,
            first_delta_timeout=settings.first_delta_seconds,
        )
    return _extractive()


def _extractive() -> Generator:
    from ragspace.models.extractive import ExtractiveGenerator

    return ExtractiveGenerator()


def _conversations(settings: Settings) -> Conversations:
    from ragspace.conversations.repository import SqlConversations

    return SqlConversations(settings.database)
