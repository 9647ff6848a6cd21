"""`ragspace doctor` as it is typed."""

import json
import os
import subprocess
import sys
from pathlib import Path

MARKED = "marked-secret-1234"


def run(directory: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ragspace", "doctor", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": str(directory), "COLUMNS": "200", **environment},
        cwd=directory,
        capture_output=True,
        text=True,
    )


def test_with_nothing_configured_it_ends_with_0_and_a_table(tmp_path: Path):
    shown = run(tmp_path)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "✓  variables" in shown.stdout
    assert "!  on a Space" in shown.stdout
    assert not (tmp_path / ".ragspace").exists()


def test_what_the_env_file_lacks_for_a_space_ends_with_1_and_no_secret_is_shown(tmp_path: Path):
    (tmp_path / ".env").write_text(
        f"DATABASE_URL=mysql://u:{MARKED}@{MARKED}.example/d\nQDRANT_API_KEY={MARKED}\nLLM_API_KEY={MARKED}\n"
    )
    shown = run(tmp_path, "--production")
    assert shown.returncode == 1
    assert "✗  DATABASE_URL" in shown.stdout
    assert "✗  QDRANT_URL" in shown.stdout
    assert MARKED not in shown.stdout + shown.stderr
    assert "Traceback" not in shown.stderr


def test_json_tells_every_line(tmp_path: Path):
    shown = run(tmp_path, "--json", TOP_K="many")
    told = json.loads(shown.stdout)
    assert (shown.returncode, told["passed"]) == (1, False)
    assert [line["name"] for line in told["checks"] if line["outcome"] == "failed"] == ["TOP_K"]
