"""Without REDIS_URL nothing of it is loaded."""

from tests.support.fresh_interpreter import MAKE_APP, modules_after


def test_a_replica_alone_loads_no_redis():
    loaded = modules_after(MAKE_APP)
    assert [name for name in loaded if name.split(".")[0] == "redis" or ".replicas" in name] == []
