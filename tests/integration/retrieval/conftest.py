"""What the tests of the index share."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from ragspace.retrieval.qdrant import QdrantIndex
from tests.support.indexing import Connect
from tests.support.qdrant import QdrantShim


@pytest.fixture(scope="session")
def running_shim() -> Iterator[QdrantShim]:
    with QdrantShim() as shim:
        yield shim


@pytest.fixture
def qdrant(running_shim: QdrantShim) -> QdrantShim:
    running_shim.reset()
    return running_shim


@pytest.fixture
def book() -> str:
    """The name of a collection that no other test uses."""
    return f"book-{uuid4().hex}"


@pytest.fixture
async def connect(qdrant: QdrantShim, book: str) -> AsyncIterator[Connect]:
    """`connect()` is one more program's index; it takes another `url`, `api_key` and so on."""
    opened: list[QdrantIndex] = []

    def connect(
        *,
        url: str | None = None,
        api_key: str | None = qdrant.api_key,
        follow_seconds: float = 1000.0,
        read_timeout: float = 10.0,
    ) -> QdrantIndex:
        index = QdrantIndex(
            url or qdrant.url, api_key, book, follow_seconds=follow_seconds, read_timeout=read_timeout
        )
        opened.append(index)
        return index

    yield connect
    for index in opened:
        await index.close()


@pytest.fixture
def index(connect: Connect) -> QdrantIndex:
    return connect()
