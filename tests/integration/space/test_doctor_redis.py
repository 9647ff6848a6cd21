"""`ragspace doctor` at a real Redis, with what can be wrong between it and REDIS_URL."""

from urllib.parse import quote, urlsplit

import pytest
from redis.asyncio import Redis as Client

from ragspace.space.checks import Check
from ragspace.space.doctor import examine
from ragspace.space.examination import replicas
from tests.support.black_hole import black_hole
from tests.support.redis import PASSWORD, Redis, redis
from tests.support.servers import LOOPBACK, free_port
from tests.support.skips import requires

__all__ = ["redis"]
pytestmark = requires("redis")

LINES = ["redis", "redis encryption", "redis version", "redis writes"]


async def looked_at(url: str, *, production: bool = False) -> dict[str, Check]:
    """The lines about Redis; none may hold what is secret, or where it is."""
    checks = await examine({"REDIS_URL": url}, production=production)
    shown = str(checks)
    hidden = {PASSWORD, quote(PASSWORD, safe=""), LOOPBACK, url, urlsplit(url).hostname}
    assert not [secret for secret in hidden if secret in shown]
    return {check.name: check for check in checks if "redis" in check.name}


async def failure(url: str) -> Check:
    """The one line that is told of a Redis that cannot be used."""
    [(name, check)] = (await looked_at(url)).items()
    assert (name, check.outcome) == ("redis", "failed")
    assert check.fix
    return check


async def test_one_that_can_be_used_passes_each_line_plain_and_encrypted(redis: Redis) -> None:
    plain, encrypted = await looked_at(redis.url()), await looked_at(redis.tls_url())
    for checks in (plain, encrypted):
        assert list(checks) == LINES
        assert {check.outcome for check in checks.values()} == {"ok"}
    assert plain["redis encryption"].detail == "None, on this machine."
    assert encrypted["redis encryption"].detail == "TLS, the certificate is verified."
    unverified = await looked_at(redis.tls_url().partition("?")[0] + "?ssl_cert_reqs=none")
    assert unverified["redis encryption"].outcome == "warning"


async def test_nothing_is_told_of_it_where_none_is_configured() -> None:
    assert not [check for check in await examine({}) if "redis" in check.name]


async def test_a_wrong_password_is_told_from_a_redis_that_is_not_there(redis: Redis) -> None:
    assert "password" in (await failure(redis.url(password="wrong"))).detail
    assert "password" in (await failure(f"redis://{LOOPBACK}:{redis.port}")).detail
    assert (await failure(f"redis://{LOOPBACK}:{free_port()}")).detail == "It cannot be reached."
    assert (await failure("redis://no-such-host.invalid")).detail == "It cannot be reached."


async def test_the_wrong_scheme_is_named_in_both_directions(redis: Redis) -> None:
    to_tls = redis.url().replace(f":{redis.port}/", f":{redis.tls_port}/")
    assert "rediss://" in ((await failure(to_tls)).fix or "")
    to_plain = redis.url().replace("redis://", "rediss://")
    check = await failure(to_plain)
    assert check.detail == "It does not speak TLS at this port."
    assert "redis://" in (check.fix or "")


async def test_a_certificate_that_cannot_be_trusted_is_named(redis: Redis) -> None:
    check = await failure(redis.tls_url().partition("?")[0])
    assert "certificate" in check.detail
    assert "ssl_ca_certs" in (check.fix or "")


async def test_one_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "CALL_SECONDS", 0.2)
    with black_hole() as port:
        check = await failure(f"redis://{LOOPBACK}:{port}")
    assert check.detail == "It did not answer in time."


async def test_a_user_who_may_not_write_fails_that_line(redis: Redis) -> None:
    async with Client.from_url(redis.url(), protocol=2) as client:
        rules = ("on", ">reader-pw", "~*", "+@read", "+ping", "+client")
        await client.execute_command("ACL", "SETUSER", "reader", *rules)
        try:
            checks = await looked_at(f"redis://reader:reader-pw@{LOOPBACK}:{redis.port}")
        finally:
            await client.execute_command("ACL", "DELUSER", "reader")
    assert checks["redis"].outcome == "ok"
    assert checks["redis version"].outcome == "warning"
    assert checks["redis writes"].outcome == "failed"


@pytest.mark.parametrize(("told", "outcome"), [("6.0.16", "failed"), ("6.2.0", "ok"), ("10.0.1", "ok")])
async def test_one_that_is_too_old_fails(
    redis: Redis, monkeypatch: pytest.MonkeyPatch, told: str, outcome: str
) -> None:
    async def info(_self: Client, _section: str) -> dict[str, str]:
        return {"redis_version": told}

    monkeypatch.setattr(Client, "info", info)
    assert (await looked_at(redis.url()))["redis version"].outcome == outcome


async def test_a_space_is_told_to_do_without_it(redis: Redis) -> None:
    checks = await looked_at(redis.url(), production=True)
    assert checks["redis"].outcome == "warning"
    assert "one replica" in checks["redis"].detail


async def test_a_malformed_address_is_not_asked() -> None:
    checks = {check.name: check for check in await examine({"REDIS_URL": "http://somewhere.invalid"})}
    assert (checks["REDIS_URL"].outcome, checks["redis"].outcome) == ("failed", "skipped")
