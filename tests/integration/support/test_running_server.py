"""The tests' own way to run the service does what it promises."""

from pathlib import Path

import psutil
import pytest

from tests.support.server import RunningServer, ServerFailed


def test_it_is_healthy_on_entering_and_gone_on_leaving(tmp_path: Path) -> None:
    with RunningServer(tmp_path) as server:
        assert server.health()["status"] == "healthy"
        assert server.data_dir.is_dir()
        pid = server.pid
    assert not psutil.pid_exists(pid)


def test_stopping_it_is_a_clean_end_and_it_can_be_started_again(tmp_path: Path) -> None:
    with RunningServer(tmp_path, until="live") as server:
        assert server.stop() == 0
        server.start()
        server.kill()
        server.start(until="healthy")


def test_it_sees_nothing_of_the_developers_own_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAGSPACE_MODE", "production")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / ".env").write_text("RAGSPACE_MODE=production\n")
    monkeypatch.chdir(tmp_path / "elsewhere")
    with RunningServer(tmp_path / "home", until="live") as server:
        assert server.health()["mode"] == "mixed"


def test_a_start_that_fails_is_told_with_the_log_and_leaves_no_process(tmp_path: Path) -> None:
    server = RunningServer(tmp_path, {"RAGSPACE_MODE": "production"})
    with pytest.raises(ServerFailed, match=r"ended with 78(.|\n)*QDRANT_URL"):
        server.start()
    assert not [child for child in psutil.Process().children() if str(server.port) in child.cmdline()]


def test_a_process_that_is_to_end_by_itself_tells_its_exit_code(tmp_path: Path) -> None:
    server = RunningServer(tmp_path, {"RAGSPACE_MODE": "production"}, until="nothing")
    server.start()
    assert server.wait_for_exit() == 78
    assert "DATABASE_URL" in server.log
