"""Which process counts as the awaited one."""

import time

import pytest

from ragspace.space.serving import Serving, is_new


@pytest.mark.parametrize(
    ("serving", "new"),
    [
        (None, False),
        (Serving(None, "healthy", 5.0), False),
        (Serving("older", "healthy", 5.0), False),
        (Serving("awaited", "starting", 5.0), True),
        (Serving("awaited", "degraded", 5.0), True),
    ],
)
def test_after_an_upload_the_build_id_decides_whatever_its_health(serving: Serving | None, new: bool):
    assert is_new(serving, "awaited", restarted=None) is new


def test_after_a_restart_the_process_must_be_younger_than_the_restart():
    restarted = time.monotonic() - 10
    assert not is_new(Serving("awaited", "healthy", 3600.0), "awaited", restarted)
    assert is_new(Serving("awaited", "healthy", 4.0), "awaited", restarted)
