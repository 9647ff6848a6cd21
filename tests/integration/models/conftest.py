"""What the tests of the models share."""

from collections.abc import AsyncIterator

import pytest

from ragspace.models.protocols import GenerationRequest, Turn
from tests.support.scripted_upstream import ScriptedUpstream


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as server:
        yield server


@pytest.fixture
def request_() -> GenerationRequest:
    """A question with one exchange before it."""
    return GenerationRequest(
        system="Answer from the sources.",
        turns=(
            Turn("user", "What is LiDAR?"),
            Turn("assistant", "A sensor [1]."),
            Turn("user", "How fast is it?\n\nSources: ..."),
        ),
        question="How fast is it?",
        passages=(),
    )
