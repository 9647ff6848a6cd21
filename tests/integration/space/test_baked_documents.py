"""Documents baked with Gemini's embeddings: answered from without a vector database, by no other model."""

from pathlib import Path

import aiohttp
import pytest

from ragspace import configuration
from ragspace.space.bundle import BAKED_DOCUMENTS, assemble
from tests.support.chat import ask
from tests.support.gemini import Answer, GeminiStandIn
from tests.support.server import RunningServer
from tests.support.skips import requires

pytestmark = requires("node")

BOOK = Path(__file__).parents[2] / "fixtures" / "book" / "docs"


@pytest.fixture
def production(gemini: GeminiStandIn) -> dict[str, str]:
    """All that a Space in production is given, but for Qdrant."""
    return {
        "SPACE_ID": "me/book",
        **gemini.settings,
        "DATABASE_URL": "sqlite:///kept-by-the-space.db",
    }


@pytest.fixture
def baked(production: dict[str, str], tmp_path: Path) -> Path:
    here = {name: value for name, value in production.items() if name != "SPACE_ID"}
    settings = configuration.load({**here, "RAGSPACE_DATA_DIR": str(tmp_path / "developer")})
    assemble(settings, BOOK).write_directory(tmp_path / "bundle")
    return tmp_path / "bundle" / BAKED_DOCUMENTS


async def test_no_passage_is_embedded_again_and_the_answer_rests_on_them(
    production: dict[str, str], baked: Path, gemini: GeminiStandIn, tmp_path: Path
) -> None:
    gemini.reset()
    gemini.script(Answer("It measures distance [1]."))
    environment = {**production, "RAGSPACE_BAKED_DOCUMENTS": str(baked)}
    with RunningServer(tmp_path / "space", environment) as server:
        index = server.health()["services"]["qdrant"]
        assert (index["status"], index["mode"], index["sample"]) == ("connected", "embedded", False)
        async with aiohttp.ClientSession(server.url) as client:
            heard = await ask(client, "How does a LiDAR measure distance?")
    assert heard.text == "It measures distance [1]."
    assert heard.last["sources"]
    assert {source["file"].split("/")[0] for source in heard.last["sources"]} == {"docs"}
    assert len(gemini.asked("embed")) == 1


def test_another_embedding_model_is_refused(production: dict[str, str], baked: Path, tmp_path: Path) -> None:
    environment = {
        **production,
        "RAGSPACE_BAKED_DOCUMENTS": str(baked),
        "EMBEDDING_PROVIDER": "local",
    }
    with RunningServer(tmp_path / "space", environment, until="live") as server:
        server.wait_for("it was checked", lambda: server.health()["status"] != "starting")
        index = server.health()["services"]["qdrant"]
    assert (index["status"], index["reason"]) == ("unavailable", "embedding_model_mismatch")
    assert "gemini-embedding-001" in index["action"]
