"""Readers of streams, all at once: `python -m benchmarks.load READERS URL` prints one line of JSON.

It only splits at newlines and looks for the paced upstream's words, in a process of its own.
"""

import asyncio
import json
import re
import sys
import time
from itertools import pairwise

import aiohttp

QUESTION = {"message": "Which secrets does the Space need?"}
WORD = re.compile(rb"word\d+")


async def read(session: aiohttp.ClientSession, url: str) -> list[tuple[float, int]]:
    """When words came, in seconds since the question was sent, and how many."""
    started = time.perf_counter()
    async with session.post(url, json=QUESTION) as response:
        return [
            (time.perf_counter() - started, words)
            async for chunk in response.content.iter_any()
            if (words := len(WORD.findall(chunk)))
        ]


async def measure(readers: int, url: str) -> dict[str, float]:
    """Seconds, but for `deltas` and `lost` (streams without a word)."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await read(session, url)
        started = time.perf_counter()
        streams = await asyncio.gather(*(read(session, url) for _ in range(readers)))
        elapsed = time.perf_counter() - started
    firsts = sorted(stream[0][0] for stream in streams if stream)
    gaps = sorted(later - earlier for stream in streams for (earlier, _), (later, _) in pairwise(stream))
    deltas = sum(words for stream in streams for _, words in stream)
    return {
        "first_p50": quantile(firsts, 0.5),
        "first_p99": quantile(firsts, 0.99),
        "gap_p99": quantile(gaps, 0.99),
        "deltas_per_s": deltas / elapsed,
        "deltas": deltas,
        "lost": sum(not stream for stream in streams),
    }


def quantile(ordered: list[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(int(sys.argv[1]), sys.argv[2]))))
