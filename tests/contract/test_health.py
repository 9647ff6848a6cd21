"""Health, liveness, the page and the description, as the platform and the live client read them."""

import aiohttp
import pytest

from ragspace import __version__
from tests.contract.conftest import Family


async def test_fr_013_health_is_200_with_every_service_connected(
    client: aiohttp.ClientSession, family: Family
):
    async with client.get("/api/health") as response:
        assert response.status == 200
        body = await response.json()
    assert body["status"] == "healthy"
    services = body["services"]
    assert services["fastapi"] == "ok"
    assert {services[name]["status"] for name in ("qdrant", "postgres", "gemini")} == {"connected"}
    assert services["qdrant"]["collection"] == ("book" if family.gemini else "docusaurus-book")
    assert services["qdrant"]["vectors"] == 10
    assert services["gemini"]["model"] == ("gemini-3.5-flash" if family.gemini else "extractive")
    assert body["timestamp"].endswith("Z")
    assert body["version"] == __version__


async def test_health_says_which_parts_are_built_in(client: aiohttp.ClientSession, family: Family):
    async with client.get("/api/health") as response:
        services = (await response.json())["services"]
    modes = {name: services[name].get("mode") for name in ("qdrant", "postgres", "gemini")}
    assert set(modes.values()) == ({None} if family.gemini else {"embedded"})
    assert services["gemini"]["provider"] == ("gemini" if family.gemini else "extractive")


async def test_live_is_200(client: aiohttp.ClientSession):
    async with client.get("/api/health/live") as response:
        assert response.status == 200


@pytest.mark.parametrize("path", ["/", "/api/health", "/api/health/live", "/openapi.json", "/docs"])
async def test_head_works_wherever_get_does(client: aiohttp.ClientSession, path: str):
    async with client.head(path) as response:
        assert response.status == 200
        assert await response.read() == b""


async def test_the_description_holds_every_endpoint_with_its_errors(client: aiohttp.ClientSession):
    async with client.get("/openapi.json") as response:
        paths = (await response.json())["paths"]
    assert {(path, method) for path, methods in paths.items() for method in methods} == {
        ("/api/chat", "post"),
        ("/api/chat/{message_id}/stream", "get"),
        ("/api/chat/{message_id}/stop", "post"),
        ("/api/feedback", "post"),
        ("/api/conversation/{conversation_id}", "get"),
        ("/api/conversation/{conversation_id}", "delete"),
        ("/api/health", "get"),
        ("/api/health/live", "get"),
    }
    assert {"200", "400", "403", "413", "415", "422", "429", "500", "503", "504"} <= set(
        paths["/api/chat"]["post"]["responses"]
    )
