"""The services behind the proxies, once for all cells."""

from collections.abc import AsyncIterator

import pytest

from tests.support.faults.world import World, world
from tests.support.gemini import GeminiStandIn
from tests.support.postgres import Postgres, postgres

__all__ = ["postgres"]


@pytest.fixture(scope="session")
async def faulty_world(
    gemini_stand_in: GeminiStandIn, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    async with world(tmp_path_factory.mktemp("faults"), postgres, gemini_stand_in) as made:
        yield made
