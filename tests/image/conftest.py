"""Images of the bundle and of nothing else, built once for the test run."""

from pathlib import Path

import pytest

from ragspace import configuration
from ragspace.settings import Settings
from ragspace.space.bundle import Bundle, assemble
from tests.support.containers import Image, build
from tests.support.postgres import postgres
from tests.support.skips import require

__all__ = ["postgres"]

BOOK = Path(__file__).parents[1] / "fixtures" / "book" / "docs"


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Those of a developer who bakes documents with the built-in embedder."""
    data_dir = tmp_path_factory.mktemp("data")
    return configuration.load({"RAGSPACE_MODE": "embedded", "RAGSPACE_DATA_DIR": str(data_dir)})


@pytest.fixture(scope="session")
def bundle(settings: Settings) -> Bundle:
    return assemble(settings)


@pytest.fixture(scope="session")
def image(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Image:
    require("podman")
    context = tmp_path_factory.mktemp("bundle")
    bundle.write_directory(context)
    return build(context, "space")


@pytest.fixture(scope="session")
def book_image(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """With the documents of the test book baked in."""
    require("podman")
    context = tmp_path_factory.mktemp("book-bundle")
    assemble(settings, BOOK).write_directory(context)
    return build(context, "book")
