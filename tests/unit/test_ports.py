"""The gate in front of a port that may be blocked, and what is known of hosts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from ragspace.errors import (
    Reason,
    RetrievalUnavailable,
    Service,
    ServiceUnavailable,
    StorageUnavailable,
)
from ragspace.ports import Detour, Egress, Gate


@dataclass(frozen=True, slots=True)
class Network(Egress):
    """A network in which these ports open."""

    open_ports: frozenset[int] = frozenset({443})

    async def opens(self, host: str, port: int) -> bool:
        return port in self.open_ports


@dataclass
class Way:
    """A detour; `works` is whether the service answers there."""

    works: bool = True
    error: OSError | None = None
    log: list[str] = field(default_factory=list)

    async def take(self) -> None:
        self.log.append("taken")
        if self.error is not None:
            raise self.error

    async def leave(self) -> None:
        self.log.append("left")


def storage_is(reason: Reason, service: Service = "postgres") -> ServiceUnavailable:
    return StorageUnavailable(service=service, reason=reason)


def failing(error: Exception, until: Callable[[], bool] = lambda: False) -> Callable[[], object]:
    async def check() -> None:
        if not until():
            raise error

    return check


def gate(detour: Detour | None = None, *open_ports: int) -> Gate:
    return Gate("postgres", "db.example", 5432, Network(open_ports=frozenset(open_ports or {443})), detour)


async def refusal(gate: Gate, check: Callable[[], object]) -> ServiceUnavailable:
    with pytest.raises(ServiceUnavailable) as caught:
        await gate.check(check)
    assert "db.example" not in f"{caught.value} {caught.value.action}"
    return caught.value


@pytest.mark.parametrize("reason", ["unreachable", "timeout"])
async def test_a_port_that_does_not_open_while_443_does_is_blocked(reason: Reason):
    error = await refusal(gate(), failing(storage_is(reason)))
    assert (type(error), error.reason) == (StorageUnavailable, "port_blocked")
    assert "5432" in error.action
    assert "DATABASE_URL" in error.action


async def test_qdrant_is_told_in_its_own_words():
    blocked = Gate("qdrant", "q.example", 6333, Network())
    error = await refusal(blocked, failing(RetrievalUnavailable(service="qdrant", reason="unreachable")))
    assert (type(error), error.reason) == (RetrievalUnavailable, "port_blocked")
    assert "end QDRANT_URL with :443" in error.action


@pytest.mark.parametrize("open_ports", [(80,), (443, 5432)], ids=["nothing opens", "the port opens"])
async def test_an_outage_is_no_blocked_port(open_ports: tuple[int, ...]):
    way = Way()
    error = await refusal(gate(way, *open_ports), failing(storage_is("timeout")))
    assert error.reason == "timeout"
    assert way.log == []


@pytest.mark.parametrize(
    "error", [storage_is("unauthorized"), storage_is("unreachable", "gemini")], ids=["refused", "another"]
)
async def test_failures_that_are_not_of_the_network_stay_what_they_are(error: ServiceUnavailable):
    way = Way()
    assert await refusal(gate(way), failing(error)) is error
    assert way.log == []


async def test_a_blocked_port_with_a_detour_is_gone_around_and_the_check_passes():
    way = Way()
    guarded = gate(way)
    await guarded.check(failing(storage_is("timeout"), lambda: way.log == ["taken"]))
    assert guarded.detoured
    await guarded.close()
    assert way.log == ["taken", "left"]
    assert not guarded.detoured


async def test_the_services_own_port_is_preferred():
    way = Way()
    guarded = gate(way)
    await guarded.check(failing(storage_is("timeout"), lambda: True))
    assert way.log == []
    await guarded.close()
    assert way.log == []


async def test_a_detour_that_does_not_work_is_left_and_told():
    way = Way()
    error = await refusal(gate(way), failing(storage_is("unreachable")))
    assert error.reason == "port_blocked"
    assert "443 of this host does not work either" in error.action
    assert way.log == ["taken", "left"]


async def test_a_detour_that_cannot_be_laid_is_left_and_told():
    way = Way(error=OSError("AF_UNIX path too long"))
    assert (await refusal(gate(way), failing(storage_is("unreachable")))).reason == "port_blocked"
    assert way.log == ["taken", "left"]


async def test_what_is_wrong_beyond_the_detour_is_told_as_it_is():
    way = Way()
    wrong: Iterator[ServiceUnavailable] = iter([storage_is("timeout"), storage_is("rights")])

    async def check() -> None:
        raise next(wrong)

    guarded = gate(way)
    assert (await refusal(guarded, check)).reason == "rights"
    assert guarded.detoured


async def test_after_a_failure_on_the_detour_the_own_port_is_tried_first():
    way = Way()
    guarded = gate(way)
    works = True
    await guarded.check(failing(storage_is("timeout"), lambda: works and "taken" in way.log))
    works = False
    assert (await refusal(guarded, failing(storage_is("timeout")))).reason == "timeout"
    assert way.log == ["taken", "left"]
    await guarded.check(failing(storage_is("timeout"), lambda: True))
    assert way.log == ["taken", "left"]


@pytest.mark.parametrize(
    ("host", "whose"),
    [
        ("ep-cool-1-pooler.eu-central-1.aws.neon.tech", "neon"),
        ("EP-COOL-1.us-east-2.aws.NEON.tech.", "neon"),
        ("0a1b.eu-central-1-0.aws.cloud.qdrant.io", "qdrant cloud"),
        ("evilneon.tech", None),
        ("neon.tech", None),
        ("db.neon.tech.example.com", None),
        ("cloud.qdrant.io.example.com", None),
        ("localhost", None),
    ],
)
def test_only_hosts_of_neon_and_qdrant_cloud_are_known(host: str, whose: str | None):
    assert Egress().provider(host) == whose
