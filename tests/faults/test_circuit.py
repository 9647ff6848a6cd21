"""A dead service, and readers who come all the same."""

import asyncio

from tests.faults.test_table import SELECTION, tell
from tests.support.faults.injections import inject, proxy_of
from tests.support.faults.serving import serving
from tests.support.faults.world import QUESTION, World
from tests.support.skips import requires

pytestmark = requires("node")

READERS = 20


async def test_a_dead_service_is_not_waited_for_by_every_reader(faulty_world: World) -> None:
    settings = {"RETRIEVAL_SECONDS": "0.5", "HEAD_HOLD_SECONDS": "0.1", "HEALTH_INTERVAL_SECONDS": "0.3"}
    async with serving({**faulty_world.environment, **settings}) as served:
        await served.until(lambda report: report["status"] == "healthy")
        await inject(faulty_world, "qdrant", "black-holed")
        try:
            proxy = proxy_of(faulty_world, "qdrant")
            before = proxy.struck
            first = await asyncio.gather(*(tell(served.client, QUESTION) for _ in range(3)))
            assert {told.how for told in first} == {"200 error retrieval_unavailable"}
            assert proxy.struck == before + 3

            rest = await asyncio.gather(*(tell(served.client, QUESTION) for _ in range(READERS)))
            # As a status, or after a head that a busy machine could not hold back so long.
            assert {told.how.split()[-1] for told in rest} == {"retrieval_unavailable"}
            assert proxy.struck <= before + 4, "one at a time may try"
            assert (await tell(served.client, QUESTION, **SELECTION)).how == "200 done"
        finally:
            await faulty_world.restore()
        await served.until(lambda report: report["status"] == "healthy")
        while (await tell(served.client, QUESTION)).how != "200 done":
            await asyncio.sleep(0.05)
        again = await asyncio.gather(*(tell(served.client, QUESTION) for _ in range(READERS)))
        assert {told.how for told in again} == {"200 done"}
