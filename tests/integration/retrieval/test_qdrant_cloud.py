"""The same index against a real server: RAGSPACE_TEST_QDRANT_URL and RAGSPACE_TEST_QDRANT_API_KEY name it.

Everything that is created there bears a name of its own and is deleted in the end.
"""

import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from ragspace.retrieval.qdrant import QdrantIndex
from ragspace.retrieval.qdrant_api import QdrantApi
from tests.support.embedding import WordEmbedder
from tests.support.indexing import ask, fill
from tests.support.passages import passage
from tests.support.skips import requires

pytestmark = requires("qdrant")

EMBEDDER = WordEmbedder()
REBUILT = WordEmbedder("newer-words", 48)
LIDAR = passage("LiDAR measures distance with light pulses.", heading="LiDAR")
RADAR = passage("Radar measures speed with radio waves.", heading="Radar")


@pytest.fixture
async def cloud() -> AsyncIterator[QdrantIndex]:
    url = os.environ["RAGSPACE_TEST_QDRANT_URL"]
    api_key = os.environ.get("RAGSPACE_TEST_QDRANT_API_KEY")
    name = f"ragspace-test-{uuid4().hex}"
    index = QdrantIndex(url, api_key, name)
    yield index
    await index.close()
    api = QdrantApi(url, api_key, name)
    for each in await api.collection_names():
        if each.startswith(name):
            await api.drop(each)
    await api.close()


async def test_a_real_server_is_written_searched_and_rebuilt_in_both_ways(cloud: QdrantIndex) -> None:
    await fill(cloud, [LIDAR, RADAR], EMBEDDER)
    found = await ask(cloud, "light pulses", EMBEDDER)
    assert found[LIDAR.content].passage == LIDAR
    assert found[LIDAR.content].lexical > 0
    assert found[RADAR.content].lexical == 0
    assert found[LIDAR.content].similarity > found[RADAR.content].similarity

    await fill(cloud, [RADAR], REBUILT, rebuild=True)
    assert (await cloud.state()).embedding_model == "newer-words"
    assert set(await ask(cloud, "light", REBUILT)) == {RADAR.content}

    await fill(cloud, [LIDAR], EMBEDDER, rebuild=True, drop_old=True)
    await cloud.adopt("adopted-words")
    state = await cloud.state()
    assert (state.passages, state.embedding_model, state.sparse) == (1, "adopted-words", True)
