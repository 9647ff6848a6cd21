"""The bundle: what is uploaded, and what is not."""

import os
import posixpath
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from ragspace import build_id, configuration
from ragspace.errors import RagspaceError
from ragspace.retrieval.baked import BakedIndex
from ragspace.settings import Settings
from ragspace.space import bundle
from ragspace.space.bundle import Bundle, assemble
from ragspace.space.secret_search import SecretFound
from ragspace.space.sources import DOCUMENTATION

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    data_dir = tmp_path_factory.mktemp("data")
    return configuration.load({"RAGSPACE_MODE": "embedded", "RAGSPACE_DATA_DIR": str(data_dir)})


@pytest.fixture(scope="module")
def made(settings: Settings) -> Bundle:
    return assemble(settings)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "lidar.md").write_text("# LiDAR\n\nIt measures distance with light.\n")
    (folder / "radar.md").write_text("# Radar\n\nIt measures speed with radio waves.\n")
    return folder


def index_of(files: Mapping[str, bytes], directory: Path) -> BakedIndex:
    (directory / "index.json").write_bytes(files[f"{bundle.BAKED_DOCUMENTS}/index.json"])
    return BakedIndex.read(directory)


def passages(made: Bundle) -> str:
    return made.files[f"{bundle.BAKED_DOCUMENTS}/passages-0001.jsonl"].decode()


def test_it_holds_the_space_the_package_and_the_sample_documents(made: Bundle) -> None:
    top = {path for path in made.files if "/" not in path}
    assert top == {"Dockerfile", "LICENSE", "README.md", "requirements.txt"}
    below = {path.split("/")[1] for path in made.files if path.startswith("ragspace/")}
    assert {"__main__.py", "app.py", "page", "py.typed", "sample_docs", "baked_sample"} <= below
    assert "ragspace/page/index.html" in made.files
    assert {path for path in made.files if not path.startswith("ragspace/")} == top


def test_it_holds_nothing_else(made: Bundle) -> None:
    kinds = {path.rpartition(".")[2] for path in made.files if path.startswith("ragspace/")}
    assert kinds == {"py", "typed", "html", "css", "js", "svg", "md", "json", "txt"}
    assert not [path for path in made.files if "__pycache__" in path or "test" in path or "/." in path]
    assert all(content.decode("utf-8") is not None for content in made.files.values())


def test_it_holds_the_text_of_the_sample_documents_once(made: Bundle) -> None:
    baked = {path.rpartition("/")[2] for path in made.files if path.startswith("ragspace/baked_sample/")}
    assert baked == {"index.json", "vectors-0001.txt"}


def test_it_has_less_than_a_megabyte(made: Bundle) -> None:
    assert made.total_bytes == sum(len(content) for content in made.files.values())
    assert 0 < made.total_bytes < 1_000_000


def test_the_same_input_gives_the_same_bytes(made: Bundle, settings: Settings, tmp_path: Path) -> None:
    again = assemble(settings)
    assert (again.files, list(again.files), again.build_id) == (made.files, sorted(made.files), made.build_id)
    made.write_zip(tmp_path / "one.zip")
    again.write_zip(tmp_path / "below" / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "below" / "two.zip").read_bytes()


def test_the_settings_change_nothing_of_it(made: Bundle, tmp_path: Path) -> None:
    other = configuration.load(
        {"GEMINI_API_KEY": "marked-gemini-key", "TOP_K": "9", "RAGSPACE_DATA_DIR": str(tmp_path)}
    )
    assert assemble(other).build_id == made.build_id


def test_the_archive_holds_the_files_as_they_are(made: Bundle, tmp_path: Path) -> None:
    made.write_zip(tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == made.files
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o100644}


def test_the_image_finds_the_same_build_id(made: Bundle, tmp_path: Path) -> None:
    made.write_directory(tmp_path)
    (tmp_path / ".gitattributes").write_text("*.bin filter=lfs\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    script = tmp_path / "ragspace" / "build_id.py"
    told = subprocess.run(
        [sys.executable, "-IS", script, "."], cwd=tmp_path, capture_output=True, check=True, text=True
    )
    assert told.stdout == f"{made.build_id}\n"


def test_every_byte_and_every_path_counts_for_the_build_id() -> None:
    files = {"a": b"1", "b": b"2"}
    ids = {build_id.build_id(each) for each in (files, {"a": b"12", "b": b""}, {"a": b"1"}, {"a/b": b"12"})}
    assert len(ids) == 4


def test_one_changed_module_changes_that_file_alone(
    made: Bundle, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = {**bundle.application(), "ragspace/app.py": b"# changed\n"}
    monkeypatch.setattr(bundle, "application", lambda: changed)
    again = assemble(settings)
    assert {path for path in made.files if again.files[path] != made.files[path]} == {"ragspace/app.py"}
    assert again.build_id != made.build_id


def test_the_dockerfile_takes_what_the_bundle_has(made: Bundle) -> None:
    dockerfile = made.files["Dockerfile"].decode()
    assert "COPY requirements.txt ./" in dockerfile
    assert "ragspace/build_id.py" in dockerfile
    assert "ragspace/build_id.py" in made.files


def test_the_front_matter_is_what_the_platform_takes(made: Bundle) -> None:
    _, head, body = made.files["README.md"].decode().split("---\n", 2)
    told = yaml.safe_load(head)
    port = re.search(r"PORT=(\d+)", made.files["Dockerfile"].decode())
    assert port is not None
    assert (told["sdk"], told["app_port"]) == ("docker", int(port[1]))
    assert len(told["short_description"]) <= 60
    colours = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert {told["colorFrom"], told["colorTo"]} <= colours
    assert {"title", "emoji", "license", "startup_duration_timeout"} <= told.keys()
    assert body.strip()


GUIDE = f"{DOCUMENTATION}/huggingface-spaces/DEPLOYMENT.md"


@pytest.mark.parametrize("page", ["README.md", GUIDE])
def test_links_lead_to_files_of_the_bundle(made: Bundle, settings: Settings, docs: Path, page: str) -> None:
    found = re.findall(r"\]\((?!https?:|#)([^)#]+)", made.files[page].decode())
    links = {posixpath.normpath(posixpath.join(posixpath.dirname(page), link)) for link in found}
    assert links
    assert links <= made.files.keys()
    assert links <= assemble(settings, docs).files.keys()


def test_the_requirements_are_those_of_the_run_time(made: Bundle) -> None:
    def pinned(text: str) -> set[str]:
        return set(re.findall(r"^([a-z0-9-]+==[^\s\\]+)", text, re.MULTILINE))

    ours = made.files["requirements.txt"].decode()
    runtime = (REPOSITORY / "requirements" / "runtime.txt").read_text()
    assert pinned(ours) <= pinned(runtime)
    names = {line.split("==")[0] for line in pinned(runtime)}
    assert names - {line.split("==")[0] for line in pinned(ours)} == {"colorama"}
    assert set(re.findall(r"sha256:\w+", ours)) <= set(re.findall(r"sha256:\w+", runtime))


def test_a_bundle_that_is_too_large_names_its_largest_file(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {**bundle.application(), "ragspace/weights.py": b"0" * 1_000_000}
    monkeypatch.setattr(bundle, "application", lambda: files)
    with pytest.raises(RagspaceError, match="MB are the most") as refused:
        assemble(settings)
    assert "ragspace/weights.py" in refused.value.action


def test_a_secret_of_the_developer_is_refused_by_file_and_variable(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("OTHER_SERVICE_TOKEN=marked-secret-value-1\n")
    monkeypatch.chdir(tmp_path)
    files = {**bundle.application(), "ragspace/app.py": b"token = 'marked-secret-value-1'\n"}
    monkeypatch.setattr(bundle, "application", lambda: files)
    with pytest.raises(SecretFound) as refused:
        assemble(settings)
    assert "ragspace/app.py" in refused.value.message
    assert "OTHER_SERVICE_TOKEN" in refused.value.message
    assert "marked" not in refused.value.message + refused.value.action


def test_a_secret_of_the_settings_is_refused_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = configuration.load({"GEMINI_API_KEY": "marked-secret-2", "RAGSPACE_DATA_DIR": str(tmp_path)})
    files = {**bundle.application(), "ragspace/app.py": b"key = 'marked-secret-2'\n"}
    monkeypatch.setattr(bundle, "application", lambda: files)
    with pytest.raises(SecretFound, match="GEMINI_API_KEY"):
        assemble(settings)


def test_a_value_that_stands_for_one_on_the_space_is_no_secret(made: Bundle, tmp_path: Path) -> None:
    there = {"GEMINI_API_KEY": "set-on-the-space", "RAGSPACE_DATA_DIR": str(tmp_path)}
    assert assemble(configuration.load(there)).build_id == made.build_id


class TestWritten:
    def test_over_an_earlier_bundle_nothing_of_it_stays(self, made: Bundle, tmp_path: Path) -> None:
        made.write_directory(tmp_path)
        (tmp_path / "ragspace" / "gone.py").write_text("")
        made.write_directory(tmp_path)
        assert build_id.read_files(tmp_path) == made.files

    def test_into_the_clone_of_a_space_git_is_left_alone(self, made: Bundle, tmp_path: Path) -> None:
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "config").write_text("[core]\n")
        (tmp_path / ".gitattributes").write_text("*.bin filter=lfs\n")
        (tmp_path / "README.md").write_text("---\nsdk: docker\n---\n")
        made.write_directory(tmp_path)
        assert build_id.read_files(tmp_path) == made.files
        assert (tmp_path / ".git" / "config").read_text() == "[core]\n"

    def test_a_folder_with_something_else_is_left_as_it_is(self, made: Bundle, tmp_path: Path) -> None:
        (tmp_path / "thesis.tex").write_text("mine")
        with pytest.raises(RagspaceError, match="no bundle"):
            made.write_directory(tmp_path)
        assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]

    def test_where_it_cannot_be_written_a_sentence_tells(self, made: Bundle, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(RagspaceError, match="cannot be written"):
            made.write_directory(tmp_path / "file")
        with pytest.raises(RagspaceError, match="cannot be written"):
            made.write_zip(tmp_path / "file" / "bundle.zip")


class TestDocuments:
    def test_their_ready_index_takes_the_place_of_the_sample(
        self, settings: Settings, docs: Path, tmp_path: Path
    ) -> None:
        made = assemble(settings, docs)
        index = index_of(made.files, tmp_path)
        assert (index.embedding_model, index.dimensions, index.passages) == ("all-MiniLM-L6-v2", 384, 2)
        assert "radio waves" in passages(made)
        assert not [path for path in made.files if "baked_sample" in path or path.endswith("lidar.md")]

    def test_made_again_they_give_the_same_bytes_and_nothing_is_embedded(
        self, settings: Settings, docs: Path
    ) -> None:
        first, second = assemble(settings, docs), assemble(settings, docs)
        assert second.files == first.files
        assert second.documents is not None
        assert (second.documents.summary.embedded, second.documents.summary.kept) == (0, 2)

    def test_a_document_that_is_gone_is_gone_from_the_bundle(self, settings: Settings, docs: Path) -> None:
        assemble(settings, docs)
        (docs / "lidar.md").unlink()
        assert "distance" not in passages(assemble(settings, docs))

    def test_other_folders_baked_before_do_not_come_along(
        self, settings: Settings, docs: Path, tmp_path: Path
    ) -> None:
        other = tmp_path / "private"
        other.mkdir()
        (other / "plan.md").write_text("# Plan\n\nNobody may know.\n")
        assemble(settings, other)
        assert "Nobody may know" not in passages(assemble(settings, docs))

    def test_a_key_in_a_document_is_refused(self, settings: Settings, docs: Path) -> None:
        (docs / "notes.md").write_text(f"# Notes\n\nMy key is hf_{'aB3' * 11}.\n")
        with pytest.raises(SecretFound, match="a Hugging Face token"):
            assemble(settings, docs)

    def test_a_folder_without_documents_is_told(self, settings: Settings, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        with pytest.raises(RagspaceError, match="No document"):
            assemble(settings, tmp_path / "empty")

    def test_a_folder_that_does_not_exist_is_told(self, settings: Settings, tmp_path: Path) -> None:
        with pytest.raises(RagspaceError, match="There is no file or folder"):
            assemble(settings, tmp_path / "absent")


def test_an_installed_package_makes_the_same_bundle(made: Bundle, tmp_path: Path) -> None:
    """The wheel's own layout, laid out by the hook that makes it."""
    site = tmp_path / "site-packages" / "ragspace"
    shutil.copytree(
        REPOSITORY / "backend" / "ragspace", site, ignore=shutil.ignore_patterns("__pycache__", "build_id")
    )
    for path, content in made.files.items():
        if path.startswith(("ragspace/sample_docs/", "ragspace/page/")):
            file = site.parent / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    template = site / "space" / "template"
    template.mkdir()
    for name in ("Dockerfile", "LICENSE", "README.md", "requirements.txt"):
        (template / name).write_bytes(made.files[name])
    subprocess.run(
        [sys.executable, "-m", "ragspace", "bundle", "--zip", "bundle.zip"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(site.parent)},
        check=True,
        capture_output=True,
    )
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == made.files
    assert not (site.parent / "build").exists()
