"""The image of the Space: what it is allowed less than a Space allows it, and what it does all the same.

Every container runs with a read-only root, without capabilities, in 512 MB.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ragspace.space.bundle import Bundle
from tests.support import chat, inside
from tests.support.containers import REPOSITORY, Container, Image, build
from tests.support.gemini import Answer, GeminiStandIn
from tests.support.postgres import Postgres, postgres_url
from tests.support.qdrant import QdrantShim
from tests.support.servers import LOOPBACK, free_port
from tests.support.skips import requires

pytestmark = [requires("podman"), pytest.mark.timeout(600)]

EMBEDDED = {"RAGSPACE_MODE": "embedded"}
QUESTION = "Which secrets does the Space need?"
MEBIBYTE = 1 << 20

FILES = """
import json, os, sys
found = []
for folder, folders, files in os.walk("/"):
    if folder == "/":
        folders[:] = [each for each in folders if each not in ("dev", "proc", "sys", "tmp")]
    found += [os.path.join(folder, each) for each in files]
print(json.dumps(found))
"""

WRITE = """
import os, sys
refused = []
for path in sys.argv[1:]:
    try:
        open(os.path.join(path, "probe"), "w").close()
        os.remove(os.path.join(path, "probe"))
    except OSError:
        refused.append(path)
print(*refused)
"""

CONNECT = """
import socket, sys
try:
    socket.create_connection(("192.0.2.1", 443), timeout=3)
except OSError:
    print("no way out")
"""


def healthy(container: Container) -> dict[str, Any]:
    """The health report as soon as it says so."""
    container.wait_until_passing()
    deadline = time.monotonic() + 30
    while (report := inside.health(container))["status"] == "starting" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert report["status"] == "healthy", (report, container.logs)
    return report


@pytest.fixture(scope="module")
def container(image: Image) -> Iterator[Container]:
    """Without a network, a key or a service."""
    with Container(image, environment=EMBEDDED) as running:
        healthy(running)
        yield running


class TestEmbedded:
    def test_it_is_healthy_and_tells_the_build_of_the_bundle(
        self, container: Container, bundle: Bundle
    ) -> None:
        report = healthy(container)
        assert report["build_id"] == bundle.build_id
        assert report["services"]["qdrant"]["sample"] is True

    def test_its_own_health_check_passes(self, container: Container) -> None:
        assert container.healthcheck()

    def test_it_streams_an_answer_with_sources(self, container: Container) -> None:
        told = inside.ask(container, QUESTION)
        assert (told.status, told.last["type"]) == (200, "done")
        assert "GEMINI_API_KEY" in told.text
        assert [event["type"] for event in told.events].count("token") > 1
        assert told.last["sources"]

    def test_user_1000_runs_it_and_nothing_runs_as_root(self, container: Container) -> None:
        assert container.execute("id", "-u").strip() == "1000"
        users = container.user_ids()
        assert set(map(frozenset, users.values())) == {frozenset({1000})}
        assert any("ragspace serve" in command for command in users)

    def test_it_runs_within_the_limits_that_the_test_sets(self, container: Container) -> None:
        set_for_it = container.inspect()["HostConfig"]
        assert set_for_it["ReadonlyRootfs"] is True
        assert set_for_it["Memory"] == 512 * MEBIBYTE
        status = container.execute("cat", "/proc/1/status")
        assert "CapEff:\t0000000000000000" in status
        assert "NoNewPrivs:\t1" in status
        assert container.python(WRITE, "/", "/app", "/home/user", "/tmp", "/usr/local").split() == [
            "/", "/app", "/home/user", "/usr/local",
        ]  # fmt: skip

    def test_it_keeps_its_data_in_tmp_and_nothing_else_is_there(self, container: Container) -> None:
        assert container.execute("ls", "-A", "/tmp").split() == ["ragspace"]

    def test_it_reaches_nobody_and_says_no_word_about_it(self, container: Container) -> None:
        assert container.python(CONNECT).strip() == "no way out"
        assert '"level":"error"' not in container.logs
        assert "Traceback" not in container.logs


def test_it_stops_on_sigterm_within_ten_seconds(image: Image) -> None:
    with Container(image, environment=EMBEDDED) as container:
        healthy(container)
        code, seconds = container.stop(10)
        assert (code, seconds < 10) == (0, True), container.logs


def test_without_its_secrets_it_ends_and_names_them(image: Image) -> None:
    with Container(image, environment={"SPACE_ID": "me/demo"}) as container:
        assert container.wait() == 78
        for name in ("GEMINI_API_KEY", "QDRANT_URL", "QDRANT_API_KEY", "DATABASE_URL"):
            assert f"{name}: is missing" in container.logs


@pytest.fixture(scope="module")
def files(image: Image) -> list[str]:
    with Container(image, command=["python", "-c", FILES]) as container:
        assert container.wait() == 0, container.logs
        found: list[str] = json.loads(container.logs)
        return found


class TestContents:
    def test_only_the_run_time_is_in_the_last_stage(self, files: list[str]) -> None:
        ours = [path for path in files if path.startswith("/app/")]
        assert "/app/ragspace/server.py" in ours
        assert not [path for path in files if "/.cache/" in path]
        for unwanted in ("/tests/", "/sboms/", ".pyi", ".pyx", "Dockerfile", "requirements.txt"):
            assert not [path for path in ours if unwanted in path], unwanted

    def test_there_is_no_installer_and_no_compiler(self, files: list[str]) -> None:
        programs = {path.rpartition("/")[2] for path in files if "/bin/" in path}
        assert not programs & {"pip", "pip3", "uv", "strip", "gcc", "cc", "curl", "git"}
        assert not [path for path in files if "/site-packages/pip/" in path]

    def test_no_client_library_of_a_vendor_is_in_it(self, files: list[str]) -> None:
        packages = {
            path.split("/site-packages/")[1].split("/")[0] for path in files if "/site-packages/" in path
        }
        assert "fastapi" in packages
        assert not packages & {"google", "qdrant_client", "openai", "huggingface_hub", "pytest"}

    def test_no_secret_is_in_its_configuration(self, image: Image) -> None:
        configuration = image.inspect()["Config"]
        names = {variable.split("=")[0] for variable in configuration["Env"]}
        assert not [name for name in names if name.endswith(("_KEY", "_TOKEN", "_URL", "PASSWORD"))]
        assert configuration["User"] == "1000"
        assert set(configuration["ExposedPorts"]) == {"7860/tcp"}
        assert configuration["Cmd"][0] == "python"

    def test_it_has_less_than_200_megabytes_over_the_base(self, image: Image) -> None:
        assert 100e6 < image.unpacked_over_the_base < 200e6


@requires("node")
async def test_with_production_parts_it_is_healthy_and_streams(
    image: Image, gemini: GeminiStandIn, postgres: Postgres, tmp_path: Path
) -> None:
    words = "Four secrets are needed, and the Space tells which of them is missing [1]."
    gemini.script(Answer(words, pace_s=0.1))
    database = await postgres.create_database()
    port = free_port()
    with QdrantShim() as qdrant:
        environment = {
            "SPACE_ID": "me/demo",
            "HOST": LOOPBACK,
            "PORT": str(port),
            **gemini.settings,
            "QDRANT_URL": qdrant.url,
            "QDRANT_API_KEY": qdrant.api_key,
            "DATABASE_URL": postgres_url(postgres.port, database),
        }
        await asyncio.to_thread(_ingest, environment, tmp_path)
        with Container(image, network="host", environment=environment) as container:
            report = await asyncio.to_thread(healthy, container)
            assert not [told for told in report["services"].values() if "embedded" in str(told)]
            async with aiohttp.ClientSession(f"http://{LOOPBACK}:{port}") as client:
                heard = await chat.ask(client, QUESTION)
            assert heard.text == words
            assert len(heard.of_type("token")) > 3
            code, _ = await asyncio.to_thread(container.stop, 10)
            assert code == 0
            for secret in (gemini.api_key, qdrant.api_key, environment["DATABASE_URL"]):
                assert secret not in container.logs
    rows = await postgres.fetch("SELECT role, content FROM messages ORDER BY created_at", database)
    assert [row["content"] for row in rows] == [QUESTION, words]


def _ingest(environment: dict[str, str], home: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "ragspace", "ingest", str(REPOSITORY / "docs")],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=home,
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def library(book_image: Image) -> Iterator[Container]:
    """Without a network: the documents of the book are in the image."""
    with Container(book_image, environment=EMBEDDED) as running:
        healthy(running)
        yield running


class TestBakedDocuments:
    def test_it_answers_from_them(self, library: Container) -> None:
        told = inside.ask(library, "What does LiDAR measure?")
        assert told.last["type"] == "done"
        assert "LiDAR" in told.text
        assert {source["file"].split("/")[0] for source in told.last["sources"]} == {"docs"}

    def test_health_counts_them_and_no_sample(self, library: Container) -> None:
        report = inside.health(library)["services"]["qdrant"]
        assert report["sample"] is False
        assert report["vectors"] > 3


def test_in_production_baked_documents_take_the_place_of_the_vector_database(book_image: Image) -> None:
    environment = {
        "SPACE_ID": "me/book",
        "LLM_BASE_URL": "http://192.0.2.1/v1",
        "LLM_MODEL": "none",
        "DATABASE_URL": "sqlite:///conversations.db",
    }
    with Container(book_image, environment=environment) as container:
        container.wait_until_passing()
        told = _when_checked(container, "qdrant")
        assert (told["status"], told["mode"], told["sample"]) == ("connected", "embedded", False)


def _when_checked(container: Container, service: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while True:
        told: dict[str, Any] = inside.health(container)["services"][service]
        if told["status"] != "starting" or time.monotonic() > deadline:
            return told
        time.sleep(0.1)


def test_the_image_for_any_other_host_serves_on_port_8000() -> None:
    other = build(REPOSITORY, "host", dockerfile=REPOSITORY / "backend" / "Dockerfile")
    assert set(other.inspect()["Config"]["ExposedPorts"]) == {"8000/tcp"}
    with Container(other, environment=EMBEDDED) as container:
        report = healthy(container)
        assert report["services"]["qdrant"]["sample"] is True
        assert report["build_id"]
        assert set(map(frozenset, container.user_ids().values())) == {frozenset({1000})}
