from pathlib import Path

import pytest

from ragspace.documents.scope import Scope
from ragspace.errors import ConfigurationError


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "docs" / "sub").mkdir(parents=True)
    (tmp_path / "docs" / "a.md").write_text("a")
    (tmp_path / "docs2").mkdir()
    return tmp_path


def test_a_folder_covers_all_below_its_name(site: Path) -> None:
    scope = Scope([site / "docs"])
    assert "docs/sub/gone.md" in scope
    assert "docs2/a.md" not in scope
    assert scope.folders == ("docs/",)


def test_a_single_file_covers_itself_under_its_folders_name(site: Path) -> None:
    scope = Scope([site / "docs" / "a.md"])
    assert "docs/a.md" in scope
    assert "docs/b.md" not in scope
    assert scope.files == {"docs/a.md"}


@pytest.mark.parametrize("written", [".", "sub/..", "../docs"])
def test_a_folder_without_a_name_of_its_own_has_the_one_it_resolves_to(
    site: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.chdir(site / "docs")
    assert Scope([Path(written)]).folders == ("docs/",)
    assert Scope([Path("a.md")]).files == {"docs/a.md"}


def test_a_path_that_does_not_exist_is_refused_by_name(site: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"There is no file or folder .*nowhere"):
        Scope([site / "docs", site / "nowhere"])


def test_paths_whose_files_would_bear_the_same_names_are_refused(site: Path) -> None:
    (site / "other" / "docs").mkdir(parents=True)
    (site / "other" / "docs" / "a.md").write_text("another a")
    for paths in (
        [site / "docs", site / "other" / "docs"],
        [site / "docs" / "a.md", site / "other" / "docs" / "a.md"],
        [site / "other" / "docs" / "a.md", site / "docs"],
    ):
        with pytest.raises(ConfigurationError, match="would both be stored as docs/"):
            Scope(paths)
