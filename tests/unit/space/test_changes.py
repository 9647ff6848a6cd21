"""What a commit uploads and deletes, compared by git's own ids."""

import hashlib
import subprocess

from ragspace.space.changes import changes
from ragspace.space.hub import RemoteFile


def git_id(content: bytes) -> str:
    told = subprocess.run(["git", "hash-object", "--stdin"], input=content, capture_output=True, check=True)
    return told.stdout.decode().strip()


def remote(**files: bytes) -> dict[str, RemoteFile]:
    return {name.replace("_", "."): RemoteFile(git_id(content), None) for name, content in files.items()}


def test_only_new_and_changed_files_are_uploaded_and_what_is_gone_is_deleted():
    found = changes(
        {"a.py": b"same", "b.py": b"new", "c.py": b""}, remote(a_py=b"same", b_py=b"old", d_py=b"")
    )
    assert found.added == {"b.py": b"new", "c.py": b""}
    assert found.deleted == ("d.py",)


def test_without_a_difference_there_is_nothing_to_commit():
    assert not changes({"a.py": b"same"}, remote(a_py=b"same"))


def test_a_large_file_is_compared_by_its_content_and_not_by_its_pointer():
    pointer = git_id(b"version https://git-lfs.github.com/spec/v1\n")
    there = {"index.npy": RemoteFile(pointer, hashlib.sha256(b"vectors").hexdigest())}
    assert not changes({"index.npy": b"vectors"}, there)
    assert changes({"index.npy": b"other"}, there).added == {"index.npy": b"other"}


def test_the_hubs_own_file_stays():
    there = {".gitattributes": RemoteFile(git_id(b"x"), None)}
    assert not changes({}, there)


def test_a_repository_with_another_application_is_told_from_a_fresh_one_and_from_our_own():
    readme = {"README.md": RemoteFile(git_id(b"x"), None)}
    assert not changes({}, readme).foreign
    assert changes({}, readme | remote(app_py=b"")).foreign
    assert not changes(
        {}, readme | {"ragspace/__init__.py": RemoteFile("", None)} | remote(app_py=b"")
    ).foreign
