"""A service with API_KEY, as `ragspace ask` and `ragspace verify` meet it."""

import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.support.command import ragspace
from tests.support.server import RunningServer

KEY = "zq7mark-own-key-of-the-service"
OTHER = "zq7mark-key-of-something-else"
QUESTION = "Which secrets does the Space need?"


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("private")
    with RunningServer(home, {"API_KEY": KEY, "RATE_LIMIT": "1000/minute"}) as running:
        yield running


def verified(directory: Path, url: str, **environment: str) -> tuple[int, dict[str, dict[str, str]]]:
    shown = ragspace(directory, "verify", url, "--json", **environment)
    assert "zq7mark" not in shown.stdout + shown.stderr
    return shown.returncode, {check["name"]: check for check in json.loads(shown.stdout)["checks"]}


def asked(server: RunningServer, directory: Path, **environment: str) -> CompletedProcess[str]:
    shown = ragspace(directory, "ask", QUESTION, RAGSPACE_DATA_DIR=str(server.data_dir), **environment)
    assert "zq7mark" not in shown.stdout + shown.stderr
    return shown


def test_verify_sends_the_key_of_the_env_file_and_everything_behind_it_is_looked_at(
    private: RunningServer, tmp_path: Path
):
    (tmp_path / ".env").write_text(f"API_KEY={KEY}\n")
    code, checks = verified(tmp_path, private.url)
    assert code == 0
    assert checks["api key"]["outcome"] == "ok"
    assert {checks[name]["outcome"] for name in ("error 404", "foreign origin", "chat", "resume")} == {"ok"}
    assert "zq7mark" not in private.log


@pytest.mark.parametrize(
    ("given", "told"), [({}, "no key is at hand"), ({"API_KEY": OTHER}, "refuses the key")]
)
def test_verify_without_the_right_key_fails_with_one_line_that_says_so(
    private: RunningServer, tmp_path: Path, given: dict[str, str], told: str
):
    code, checks = verified(tmp_path, private.url, **given)
    assert code == 1
    assert [name for name, check in checks.items() if check["outcome"] == "failed"] == ["api key"]
    assert told in checks["api key"]["detail"]
    assert "API_KEY" in checks["api key"]["fix"]


def test_verify_warns_of_a_deployment_that_was_to_be_private(tmp_path: Path):
    with RunningServer(tmp_path / "open", {}) as server:
        code, checks = verified(tmp_path, server.url, API_KEY=KEY)
    assert code == 0
    assert checks["api key"]["outcome"] == "warning"


def test_ask_sends_the_key_to_the_server_that_runs(private: RunningServer, tmp_path: Path):
    before = private.log.count('"/api/chat"')
    shown = asked(private, tmp_path, API_KEY=KEY)
    assert shown.returncode == 0, shown.stderr
    assert "GEMINI_API_KEY" in shown.stdout
    assert private.log.count('"/api/chat"') == before + 1
    assert "zq7mark" not in private.log


def test_ask_without_the_key_says_what_to_send(private: RunningServer, tmp_path: Path):
    shown = asked(private, tmp_path)
    assert shown.returncode == 1
    assert "This service is private." in shown.stderr
    assert "API_KEY" in shown.stderr
