"""Neon's own JavaScript driver accepts the stand-in for Neon's WebSocket."""

import asyncio
import json
import os
from pathlib import Path

import pytest

from tests.support import programs
from tests.support.certificates import make_certificates
from tests.support.neon_proxy import NeonProxy, role_asked_in_clear
from tests.support.postgres import Postgres, database, postgres, postgres_url
from tests.support.servers import LOOPBACK
from tests.support.skips import requires

__all__ = ["database", "postgres"]

pytestmark = requires("node")


async def asked(proxy: str, url: str, authority: Path) -> tuple[bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        str(programs.node()),
        "neon.mjs",
        cwd=programs.NODE_PROJECT,
        env={"PATH": os.defpath, "PROXY": proxy, "DATABASE_URL": url, "NODE_EXTRA_CA_CERTS": str(authority)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return await process.communicate()


@pytest.mark.parametrize("path", ["v2", "v1?address={host}:{port}"], ids=["v2", "v1"])
async def test_neons_driver_asks_through_the_stand_in(
    postgres: Postgres, database: str, tmp_path: Path, path: str
):
    certificates = make_certificates(tmp_path)
    async with (
        role_asked_in_clear(postgres, database) as role,
        NeonProxy(postgres.port, certificates) as neon,
    ):
        proxy = f"{LOOPBACK}:{neon.port}/{path.format(host=LOOPBACK, port=postgres.port)}"
        url = postgres_url(postgres.port, database, user=role, sslmode="require")

        told, errors = await asked(proxy, url, certificates.authority)

        assert errors == b""
        assert json.loads(told) == {"sum": 42, "long": 200000}
        assert neon.asked_in_clear == neon.carried == 1


async def test_neons_driver_refuses_a_certificate_that_it_does_not_know(
    postgres: Postgres, database: str, tmp_path: Path
):
    (tmp_path / "other").mkdir()
    other = make_certificates(tmp_path / "other")
    async with NeonProxy(postgres.port, make_certificates(tmp_path)) as neon:
        told, errors = await asked(
            f"{LOOPBACK}:{neon.port}/v2", postgres_url(postgres.port, database), other.authority
        )

        assert told == b""
        assert errors
        assert neon.carried == 0
