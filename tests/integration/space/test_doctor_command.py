"""`ragspace doctor` as it is typed."""

import json
from pathlib import Path

from tests.support.command import ragspace

MARKED = "marked-secret-1234"


def test_with_nothing_configured_it_ends_with_0_and_a_table(tmp_path: Path):
    shown = ragspace(tmp_path, "doctor")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "✓  variables" in shown.stdout
    assert "!  on a Space" in shown.stdout
    assert not (tmp_path / ".ragspace").exists()


def test_what_the_env_file_lacks_for_a_space_ends_with_1_and_no_secret_is_shown(tmp_path: Path):
    (tmp_path / ".env").write_text(
        f"DATABASE_URL=mysql://u:{MARKED}@{MARKED}.example/d\nQDRANT_API_KEY={MARKED}\nLLM_API_KEY={MARKED}\n"
    )
    shown = ragspace(tmp_path, "doctor", "--production")
    assert shown.returncode == 1
    assert "✗  DATABASE_URL" in shown.stdout
    assert "✗  QDRANT_URL" in shown.stdout
    assert MARKED not in shown.stdout + shown.stderr
    assert "Traceback" not in shown.stderr


def test_json_tells_every_line(tmp_path: Path):
    shown = ragspace(tmp_path, "doctor", "--json", TOP_K="many")
    told = json.loads(shown.stdout)
    assert (shown.returncode, told["passed"]) == (1, False)
    assert [line["name"] for line in told["checks"] if line["outcome"] == "failed"] == ["TOP_K"]
