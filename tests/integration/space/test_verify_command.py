"""`ragspace verify` as it is typed."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import ragspace
from tests.support.edge import Edge, Faults
from tests.support.server import RunningServer
from tests.support.servers import LOOPBACK, free_port

MARKED = "marked-secret-1234"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("server"), {"RATE_LIMIT": "1000/minute"}) as running:
        yield running


def test_a_deployment_that_works_ends_with_0_and_a_table(server: RunningServer, tmp_path: Path):
    shown = ragspace(tmp_path, "verify", server.url)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "✓  health" in shown.stdout
    assert "–  certificate" in shown.stdout


def test_json_tells_every_line(server: RunningServer, tmp_path: Path):
    told = json.loads(ragspace(tmp_path, "verify", server.url, "--json").stdout)
    assert told["passed"] is True
    assert {"name": "chat", "outcome": "ok"}.items() <= next(
        line for line in told["checks"] if line["name"] == "chat"
    ).items()


def test_a_failed_line_ends_with_1_and_its_fix(server: RunningServer, tmp_path: Path):
    shown = ragspace(tmp_path, "verify", server.url, "--origin", "https://my-app.vercel.app")
    assert shown.returncode == 1
    assert "✗  allowed origin" in shown.stdout
    assert "→ Add https://my-app.vercel.app to ALLOWED_ORIGINS" in shown.stdout


def test_an_address_that_does_not_answer_is_no_traceback(tmp_path: Path):
    shown = ragspace(tmp_path, "verify", f"http://{LOOPBACK}:{free_port()}", "--patience", "0")
    assert shown.returncode == 1
    assert "Traceback" not in shown.stdout + shown.stderr
    refused = ragspace(tmp_path, "verify", "me/demo")
    assert refused.returncode == 1
    assert "no address of a deployment" in refused.stderr


async def test_the_secrets_of_the_env_file_are_searched_for_and_not_shown(
    server: RunningServer, tmp_path: Path
):
    (tmp_path / ".env").write_text(f"QDRANT_API_KEY={MARKED}\n")
    async with Edge(server.url, Faults(appends={"/docs": MARKED.encode()})) as edge:
        shown = await asyncio.to_thread(ragspace, tmp_path, "verify", edge.url)
    assert shown.returncode == 1
    assert "the value of QDRANT_API_KEY in GET /docs" in shown.stdout
    assert MARKED not in shown.stdout + shown.stderr


async def test_a_private_space_is_opened_by_hf_token_and_the_wait_is_told(
    server: RunningServer, tmp_path: Path
):
    async with Edge(server.url, Faults(token=MARKED, asleep_for=2)) as edge:
        shown = await asyncio.to_thread(
            ragspace, tmp_path, "verify", edge.url, "--patience", "20", HF_TOKEN=MARKED
        )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "The Space is asleep or starting" in shown.stderr
    assert "!  visibility" in shown.stdout
    assert MARKED not in shown.stdout + shown.stderr
