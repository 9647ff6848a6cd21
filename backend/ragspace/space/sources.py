"""Where the bundle's files come from: a checkout, or an installed package."""

from pathlib import Path

import ragspace
from ragspace.built_page import PACKED, built_page
from ragspace.errors import RagspaceError
from ragspace.retrieval.sample import sample_documents, sample_root

BAKED_DOCUMENTS = "ragspace/baked_documents"
BAKED_SAMPLE = "ragspace/baked_sample"
DOCUMENTATION = "ragspace/sample_docs"

_PACKAGE = Path(ragspace.__file__).parent
_CHECKOUT = _PACKAGE.parents[1]

_REQUIRED = ("Dockerfile", "README.md", "requirements.txt")

_NOT_APPLICATION = frozenset(
    # What an image has no use for: a Space is one replica.
    {"cli/developer", "evaluation", "gaps", "replicas", "space", "tracing"}
    # What an installed package has besides.
    | {"sample_docs", "baked_sample", "baked_documents", PACKED}
)
"""Directories of the package."""


def template() -> dict[str, bytes]:
    """What a Space's repository has beside the package: the Dockerfile, its public page and its requirements.

    Raises RagspaceError where this copy of ragspace has none, as in an image.
    """
    packed = _PACKAGE / "space" / "template"
    directory = packed if packed.is_dir() else _CHECKOUT / "huggingface-spaces"
    files = {name: directory / name for name in _REQUIRED}
    files["LICENSE"] = (packed if packed.is_dir() else _CHECKOUT) / "LICENSE"
    if not all(files[name].is_file() for name in _REQUIRED):
        raise RagspaceError(
            "This copy of ragspace lacks what a Space is made from.",
            action="Install ragspace with pip, or run the command in its repository.",
        )
    return {name: file.read_bytes() for name, file in files.items() if file.is_file()}


def application() -> dict[str, bytes]:
    """The package: its modules and the built page.

    Raises RagspaceError where the page was not built.
    """
    page = built_page()
    if not page:
        raise RagspaceError(
            "The chat page is not built, and a Space without it would show its visitors nothing.",
            action="Run `make setup` in the repository: it builds the page, or says what it lacks.",
        )
    files = {f"ragspace/{PACKED}/{path}": content for path, content in page.items()}
    for file in _PACKAGE.rglob("*"):
        path = file.relative_to(_PACKAGE).as_posix()
        if path.startswith(tuple(f"{directory}/" for directory in _NOT_APPLICATION)):
            continue
        if file.is_file() and (file.suffix == ".py" or file.name == "py.typed"):
            files[f"ragspace/{path}"] = file.read_bytes()
    return files


def documentation() -> dict[str, bytes]:
    """The project's own documentation, where the package looks for it: the sample corpus."""
    root = sample_root()
    return {
        f"{DOCUMENTATION}/{file.relative_to(root).as_posix()}": file.read_bytes()
        for file in sample_documents()
    }
