"""A stand-in for Gemini that speaks its wire protocol on loopback, and its fixtures.

async def test_...(gemini: GeminiStandIn):
    gemini.script(replies.quota_exceeded(per="Day"), model="gemini-3.5-flash")
    gemini.script(Answer("Only one [1].", cut_after=2), when="how many")
"""

from collections.abc import Iterator

import pytest

from tests.support.gemini import replies
from tests.support.gemini.replies import Answer
from tests.support.gemini.requests import Request
from tests.support.gemini.stand_in import GeminiStandIn
from tests.support.gemini.vectors import vector_of
from tests.support.skips import require

__all__ = ["Answer", "GeminiStandIn", "Request", "replies", "vector_of"]


@pytest.fixture(scope="session")
def gemini_stand_in() -> Iterator[GeminiStandIn]:
    """The one stand-in of the test run."""
    require("node")
    with GeminiStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def gemini(gemini_stand_in: GeminiStandIn) -> GeminiStandIn:
    """The stand-in, with nothing scripted and nothing asked yet."""
    gemini_stand_in.reset()
    return gemini_stand_in
