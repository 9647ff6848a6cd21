"""The build id: one name for all that an image is made from.

`python build_id.py DIRECTORY` prints it. The image's build runs this file by itself, before anything is
installed, over the repository that it was given; the health endpoint tells it, and so a deployment knows
which upload answers. It is not part of the upload: an update with one changed file uploads that one.
"""

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path


def build_id(files: Mapping[str, bytes]) -> str:
    """16 hexadecimal digits of `files`, by path with `/`. Hidden files are the Hub's own, or git's."""
    digest = hashlib.sha256()
    for path in sorted(path for path in files if not is_hidden(path)):
        digest.update(f"{path}\0{len(files[path])}\0".encode())
        digest.update(files[path])
    return digest.hexdigest()[:16]


def is_hidden(path: str) -> bool:
    return path.startswith(".") or "/." in path


def read_files(directory: Path) -> dict[str, bytes]:
    """Every file below `directory`, by path with `/`."""
    paths = {path.relative_to(directory).as_posix(): path for path in directory.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in paths.items() if not is_hidden(name)}


if __name__ == "__main__":
    sys.stdout.write(build_id(read_files(Path(sys.argv[1]))) + "\n")
