"""The one place that chooses, from the settings, which implementation stands behind each protocol."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from ragspace.conversations.records import Message
from ragspace.errors import ConfigurationError
from ragspace.models.protocols import Embedder, Generator
from ragspace.models.quota import LocalQuotaLedger, QuotaLedger
from ragspace.retrieval.protocols import PassageIndex
from ragspace.settings import Settings

if TYPE_CHECKING:
    from ragspace.conversations.repository import SqlConversations
    from ragspace.replicas.relay import RedisRelay
    from ragspace.retrieval.edge import EdgeIndex
    from ragspace.tracing.otlp import OtlpTracer

log = structlog.get_logger(__name__)


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
    conversations: "SqlConversations"
    fallback: Generator | None
    ledger: QuotaLedger


def choose_parts(settings: Settings, ledger: QuotaLedger | None = None) -> Parts:
    """`ledger`: that of several replicas, where there are."""
    ledger = ledger or LocalQuotaLedger()
    embedder, index = choose_embedder(settings, ledger), choose_index(settings)
    return Parts(
        embedder=embedder,
        generator=_generator(settings, ledger),
        index=index,
        open_index=_opening(settings, index, embedder),
        conversations=_conversations(settings),
        fallback=_extractive() if settings.extractive_fallback else None,
        ledger=ledger,
    )


def choose_relay(
    settings: Settings,
    stop_answer: Callable[[UUID], None],
    forget_conversation: Callable[[UUID], None],
    keep: Callable[[Message], Awaitable[object]],
) -> "RedisRelay | None":
    """What joins this replica to others (see there for what it calls); None where it is alone.

    Raises ConfigurationError where what it needs is not installed.
    """
    if settings.replicas is None:
        return None
    if find_spec("redis") is None:
        raise ConfigurationError(
            "REDIS_URL is set, and redis-py is not installed.",
            action="Install it with the extra: pip install 'ragspace[redis]'. Or leave REDIS_URL out.",
        )
    from ragspace.replicas.relay import RedisRelay

    return RedisRelay(
        settings.replicas,
        settings.replica_lost_seconds,
        stop_answer=stop_answer,
        forget_conversation=forget_conversation,
        keep=keep,
    )


def choose_tracer(settings: Settings) -> "OtlpTracer | None":
    """What sends traces, where they are asked for. One that cannot be had is no reason not to serve."""
    if settings.otel_exporter_otlp_endpoint is None:
        return None
    try:
        from ragspace.tracing.otlp import OtlpTracer
    except ModuleNotFoundError:
        log.warning(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, and nothing is traced: what sends traces is not installed",
            action="pip install 'ragspace[tracing]'",
        )
        return None
    return OtlpTracer(settings)


def choose_embedder(settings: Settings, ledger: QuotaLedger | None = None) -> Embedder:
    if settings.embedding == "gemini" and settings.gemini_api_key is not None:
        from ragspace.models.gemini_embedder import GeminiEmbedder

        return GeminiEmbedder(
            settings.gemini_api_key.get_secret_value(),
            settings.gemini_embedding_model,
            settings.gemini_base_url,
            default_dimensions=settings.embedding_dimensions or 768,
            ledger=ledger,
            question_timeout=settings.retrieval_seconds,
            connect_timeout=settings.connect_seconds,
            check_timeout=settings.check_seconds,
        )
    from ragspace.models.minilm import MiniLMEmbedder

    return MiniLMEmbedder()


def choose_index(settings: Settings) -> PassageIndex:
    if settings.index == "qdrant" and settings.qdrant_url is not None:
        from ragspace.retrieval.qdrant import QdrantIndex

        key = settings.qdrant_api_key
        return QdrantIndex(
            settings.qdrant_url,
            key.get_secret_value() if key else None,
            settings.qdrant_collection,
            connect_timeout=settings.connect_seconds,
            read_timeout=settings.retrieval_seconds,
        )
    return built_in_index(settings, settings.data_dir / "index", settings.qdrant_collection)


def built_in_index(
    settings: Settings, directory: Path, collection: str, *, read_only: bool = False
) -> "EdgeIndex":
    """An index that is searched beside the configured embedder as the service's own is."""
    from ragspace.retrieval.edge import EdgeIndex

    # What is held in memory takes NumPy, 16 MB, which the built-in embedder loads as well.
    return EdgeIndex(directory, collection, read_only=read_only, in_memory=settings.embedding == "local")


def _opening(settings: Settings, index: PassageIndex, embedder: Embedder) -> Callable[[], Awaitable[object]]:
    from ragspace.retrieval.edge import EdgeIndex

    if not isinstance(index, EdgeIndex):
        return index.open
    if settings.ragspace_baked_documents is not None:
        from ragspace.retrieval.baked import load_baked

        return partial(load_baked, index, settings.ragspace_baked_documents)
    from ragspace.models.minilm import MiniLMEmbedder
    from ragspace.models.minilm_tokens import count_tokens, forget_tokenizer
    from ragspace.retrieval.sample import load_sample

    async def open_with_sample() -> None:
        await load_sample(index, embedder, count_tokens)
        if not isinstance(embedder, MiniLMEmbedder):
            await asyncio.to_thread(forget_tokenizer)

    return open_with_sample


def _generator(settings: Settings, ledger: QuotaLedger) -> Generator:
    if settings.generation == "openai" and settings.llm_base_url is not None:
        from ragspace.models.openai import OpenAIGenerator

        key = settings.llm_api_key
        return OpenAIGenerator(
            settings.llm_base_url,
            settings.llm_model or "",
            key.get_secret_value() if key else None,
            first_delta_timeout=settings.first_delta_seconds,
            stall_timeout=settings.stall_seconds,
            connect_timeout=settings.connect_seconds,
            check_timeout=settings.check_seconds,
        )
    if settings.generation == "gemini" and settings.gemini_api_key is not None:
        from ragspace.models.gemini_generator import GeminiGenerator

        return GeminiGenerator(
            settings.gemini_api_key.get_secret_value(),
            settings.gemini_model,
            settings.gemini_base_url,
            ledger=ledger,
            first_delta_timeout=settings.first_delta_seconds,
            stall_timeout=settings.stall_seconds,
            connect_timeout=settings.connect_seconds,
            check_timeout=settings.check_seconds,
        )
    return _extractive()


def _extractive() -> Generator:
    from ragspace.models.extractive import ExtractiveGenerator

    return ExtractiveGenerator()


def _conversations(settings: Settings) -> "SqlConversations":
    from ragspace.conversations.repository import SqlConversations

    return SqlConversations(settings.database, timeout=settings.storage_seconds)
