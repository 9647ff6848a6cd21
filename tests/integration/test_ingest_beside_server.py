"""`ragspace ingest` beside a running server, while readers go on asking."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.chat import Heard, ask, hear
from tests.support.qdrant import QdrantShim
from tests.support.server import RunningServer

BOOK = Path(__file__).parents[1] / "fixtures" / "book" / "docs"
FILES = {f"docs/{file.relative_to(BOOK).as_posix()}" for file in BOOK.rglob("*.md*")}
QUESTION = "How fast is a LiDAR?"


@pytest.fixture(params=["built-in", "qdrant"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningServer]:
    environment = {"RATE_LIMIT": "100000/minute"}
    if request.param == "built-in":
        with RunningServer(tmp_path, environment) as running:
            yield running
    else:
        with QdrantShim() as qdrant:
            environment |= {"QDRANT_URL": qdrant.url, "QDRANT_API_KEY": qdrant.api_key}
            with RunningServer(tmp_path, environment, until="live") as running:
                yield running


async def ingest(server: RunningServer, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ragspace", "ingest", *arguments, str(BOOK)),
        env=server.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def until_answered_from_the_book(client: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(20):
        while True:
            async with client.post("/api/chat", json={"message": QUESTION}) as response:
                if response.status == 200 and (await hear(response)).last["sources"][0]["file"] in FILES:
                    return
            await asyncio.sleep(0.1)


async def test_no_question_fails_while_the_index_is_built_anew_and_switched(server: RunningServer):
    assert ", 0 kept" in await ingest(server)
    async with aiohttp.ClientSession(server.url) as client:
        await until_answered_from_the_book(client)
        over = asyncio.Event()
        heard: list[Heard] = []

        async def reader() -> None:
            while not over.is_set():
                heard.append(await ask(client, QUESTION))

        readers = [asyncio.create_task(reader()) for _ in range(4)]
        for options in (["--rebuild"], ["--rebuild", "--drop-old"], ["--rebuild", "--drop-old"]):
            await ingest(server, *options)
        assert " 0 passages embedded" in await ingest(server)
        over.set()
        await asyncio.gather(*readers)
    assert len(heard) > 20
    for answer in heard:
        assert (answer.last["type"], answer.last["finish_reason"]) == ("done", "extractive")
        assert answer.last["sources"][0]["file"] in FILES
