"""Only a secret that changed, here or on the Space, is pushed again; its value is written down nowhere."""

import stat
from pathlib import Path

import pytest

from ragspace.space.fingerprints import Fingerprints

THEN = "2026-11-24T10:00:00+00:00"
LATER = "2026-11-24T11:00:00+00:00"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "data" / "pushed-secrets.json"
    Fingerprints(file, "hub/me/demo").remember({"KEY": "marked-value"}, {"KEY": THEN})
    return file


@pytest.mark.parametrize(
    ("space", "name", "value", "updated_at", "unchanged"),
    [
        ("hub/me/demo", "KEY", "marked-value", THEN, True),
        ("hub/me/demo", "KEY", "other", THEN, False),
        ("hub/me/demo", "KEY", "marked-value", LATER, False),
        ("hub/me/demo", "OTHER", "marked-value", THEN, False),
        ("hub/me/other", "KEY", "marked-value", THEN, False),
    ],
    ids=["same", "changed here", "changed on the Space", "never pushed", "another Space"],
)
def test_a_secret_is_unchanged_where_neither_side_changed_it(file, space, name, value, updated_at, unchanged):
    assert Fingerprints(file, space).unchanged(name, value, updated_at) is unchanged


def test_the_file_holds_no_value_and_is_for_its_owner_alone(file: Path):
    assert "marked" not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_same_value_has_another_fingerprint_each_time(file: Path):
    before = file.read_text()
    Fingerprints(file, "hub/me/demo").remember({"KEY": "marked-value"}, {"KEY": THEN})
    assert file.read_text() != before


def test_other_spaces_are_kept(file: Path):
    Fingerprints(file, "hub/me/other").remember({"KEY": "x"}, {"KEY": THEN})
    assert Fingerprints(file, "hub/me/demo").unchanged("KEY", "marked-value", THEN)


@pytest.mark.parametrize("content", ["", "[]", "{", '{"hub/me/demo": {"KEY": 1}}', '{"hub/me/demo": 7}'])
def test_a_damaged_file_only_costs_a_repeated_push(file: Path, content: str):
    file.write_text(content)
    fingerprints = Fingerprints(file, "hub/me/demo")
    assert not fingerprints.unchanged("KEY", "marked-value", THEN)
    fingerprints.remember({"KEY": "marked-value"}, {"KEY": THEN})
    assert Fingerprints(file, "hub/me/demo").unchanged("KEY", "marked-value", THEN)


def test_a_disk_that_cannot_be_written_fails_nothing(tmp_path: Path):
    (tmp_path / "data").write_text("a file where the directory should be")
    Fingerprints(tmp_path / "data" / "x.json", "hub/me/demo").remember({"KEY": "x"}, {"KEY": THEN})
