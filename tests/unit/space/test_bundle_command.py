"""`ragspace bundle` at the command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ragspace.cli import app
from ragspace.errors import RagspaceError


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAGSPACE_MODE", "embedded")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "lidar.md").write_text("# LiDAR\n\nIt measures distance.\n")
    (tmp_path / "docs" / "broken.pdf").write_bytes(b"%PDF-1.7 broken")
    return tmp_path / "docs"


def run(*arguments: str, answers: str | None = None) -> Result:
    return CliRunner().invoke(app, ["bundle", *arguments], input=answers)


def test_without_a_target_it_tells_what_it_holds_and_writes_nothing(docs: Path) -> None:
    shown = run()
    assert shown.exit_code == 0, shown.output
    for told in (
        "Dockerfile",
        "README.md",
        "requirements.txt",
        "ragspace/page/",
        "kB",
        "Build ",
        "--out DIR",
    ):
        assert told in shown.output
    assert sorted(entry.name for entry in docs.parent.iterdir()) == ["docs"]


def test_every_file_is_named_where_that_is_asked_for(docs: Path) -> None:
    assert "ragspace/page/index.html" in run("--list").output


def test_it_writes_the_folder_and_the_archive(docs: Path) -> None:
    shown = run("--out", "bundle", "--zip", "bundle.zip")
    assert shown.exit_code == 0, shown.output
    assert (docs.parent / "bundle" / "Dockerfile").is_file()
    assert (docs.parent / "bundle.zip").stat().st_size > 100_000


def test_documents_that_would_become_public_need_a_yes(docs: Path) -> None:
    refused = run("--docs", str(docs))
    assert isinstance(refused.exception, RagspaceError)
    assert "everybody can read them" in refused.exception.message
    assert "--yes" in refused.exception.action


@pytest.mark.parametrize("consent", ["--yes", "--private"])
def test_with_a_yes_they_are_baked_in_and_what_was_skipped_is_told(docs: Path, consent: str) -> None:
    shown = run("--docs", str(docs), consent, "--out", "bundle")
    assert shown.exit_code == 0, shown.output
    assert "1 passages, embedded with all-MiniLM-L6-v2" in shown.output
    assert "skipped docs/broken.pdf" in shown.output
    assert (docs.parent / "bundle" / "ragspace" / "baked_documents" / "index.json").is_file()
