"""Retrieval alone, without HTTP: from a question to the ranked passages, in the built-in index."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.report import table
from benchmarks.statistics import quantile
from ragspace.models.minilm import MiniLMEmbedder, count_tokens
from ragspace.models.protocols import Vector
from ragspace.retrieval.edge import EdgeIndex
from ragspace.retrieval.retriever import CANDIDATES, Retriever
from ragspace.retrieval.sample import load_sample
from ragspace.retrieval.terms import question_terms

QUESTIONS = 400
AT_ONCE = 16
LIMIT = 5
QUESTION = "Which secrets does the Space need, and where do I get the key number {}?"

Ask = Callable[[str], Awaitable[object]]


def measure() -> str:
    """Questions a second, p50 and p99, with the question's embedding known and not, beside the bare parts."""
    return asyncio.run(_measure())


async def _measure() -> str:
    embedder = MiniLMEmbedder()
    with tempfile.TemporaryDirectory() as directory:
        index = EdgeIndex(Path(directory) / "index", "measured")
        await load_sample(index, embedder, count_tokens)
        retriever = Retriever(index, embedder)
        state = await retriever.prepare()
        vector = (await embedder.embed(["warm"], purpose="question", dimensions=state.dimensions))[0]
        rows = [
            await _row("ragspace, embedding known", _retrieve(retriever), known=True),
            await _row("the index alone", _search(index, vector)),
            await _row("ragspace, embedding not known", _retrieve(retriever)),
            await _row("the embedder alone", _embed(embedder, state.dimensions)),
        ]
        await index.close()
        await embedder.close()
    head = (
        f"## Retrieval\n\nIn the process, {state.passages} passages of the sample corpus, the built-in index "
        f"and embedder, {LIMIT} passages wanted; {QUESTIONS} questions one after the other, then {AT_ONCE} "
        "at once. References: the index's search and the embedder, called by themselves.\n\n"
    )
    columns = ["", "one at a time, p50", "p99", f"{AT_ONCE} at once, p50", "p99", "questions/s"]
    return head + table(columns, rows)


def _retrieve(retriever: Retriever) -> Ask:
    return lambda question: retriever.retrieve(question, limit=LIMIT)


def _search(index: EdgeIndex, vector: Vector) -> Ask:
    return lambda question: index.search(vector, question_terms(question), CANDIDATES)


def _embed(embedder: MiniLMEmbedder, dimensions: int) -> Ask:
    return lambda question: embedder.embed([question], purpose="question", dimensions=dimensions)


async def _row(name: str, ask: Ask, *, known: bool = False) -> list[str]:
    """`known`: the same few questions again and again."""
    numbers = range(QUESTIONS)
    asked = [QUESTION.format(number % 10 if known else number) for number in numbers]
    again = [QUESTION.format(number % 10 if known else QUESTIONS + number) for number in numbers]
    for question in asked[:10] if known else [QUESTION.format("of nobody")]:
        await ask(question)
    alone = sorted([await _timed(ask, question) for question in asked])
    began = time.perf_counter()
    turns = asyncio.Semaphore(AT_ONCE)

    async def in_turn(question: str) -> float:
        async with turns:
            return await _timed(ask, question)

    together = sorted(await asyncio.gather(*map(in_turn, again)))
    rate = QUESTIONS / (time.perf_counter() - began)
    cells = [f"{quantile(each, share):.1f} ms" for each in (alone, together) for share in (0.5, 0.99)]
    return [name, *cells, f"{rate:,.0f}"]


async def _timed(ask: Ask, question: str) -> float:
    began = time.perf_counter()
    await ask(question)
    return (time.perf_counter() - began) * 1000
