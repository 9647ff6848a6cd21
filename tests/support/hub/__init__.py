"""A stand-in for the Hugging Face Hub that speaks its wire protocol to the real client, and really runs what
is uploaded. `hub`, `developer` and `checkout` are fixtures; lives.py names the lives of a Space."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub.checkout import Checkout
from tests.support.hub.developer import Developer
from tests.support.hub.stand_in import HubStandIn

__all__ = ["Checkout", "Developer", "HubStandIn", "checkout", "developer", "hub"]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubStandIn]:
    """A fresh Hub, without a Space."""
    with HubStandIn(tmp_path / "hub") as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def checkout() -> Iterator[Checkout]:
    """What the developers of these tests deploy; no test may change it."""
    with tempfile.TemporaryDirectory(prefix="ragspace-checkout-") as directory:
        yield Checkout(Path(directory) / "ragspace")


@pytest.fixture
def developer(tmp_path: Path, hub: HubStandIn, checkout: Checkout) -> Developer:
    """Somebody who deploys to that Hub, with an empty working directory."""
    return Developer(tmp_path / "work", hub, checkout)
