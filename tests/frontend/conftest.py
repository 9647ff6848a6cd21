"""The front end where its users put it: other origins, sites of their own."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser.conftest import browser, open_tab
from tests.support.docusaurus.site import Site
from tests.support.server import RunningServer
from tests.support.skips import require

__all__ = ["browser", "open_tab"]

DOCUMENTS = Path(__file__).parents[1] / "fixtures" / "docusaurus" / "docs"


@dataclass(frozen=True, slots=True)
class Book:
    """A served Docusaurus site with the chat, and the service that has read its documents."""

    site: Site
    service: RunningServer


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    require("chromium", "frontend", "docusaurus")
    home = tmp_path_factory.mktemp("book")
    site = Site()
    try:
        service = RunningServer(home, {"ALLOWED_ORIGINS": site.url, "RATE_LIMIT": "1000/minute"})
        site.add_documents(DOCUMENTS)
        site.add_locale("de")
        site.add_chat(service.url)
        site.build()
        _ingest(site.docs, service)
        with service, site:
            yield Book(site, service)
    finally:
        site.remove()


def _ingest(docs: Path, service: RunningServer) -> None:
    command = [sys.executable, "-m", "ragspace", "ingest", str(docs)]
    subprocess.run(command, env=service.environment, cwd=docs.parent, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the front end, to be built with other settings; its packages are those of the original."""
    require("frontend")
    original = Path(__file__).parents[2] / "frontend"
    copy = tmp_path / "frontend"
    shutil.copytree(original, copy, ignore=shutil.ignore_patterns("node_modules", "dist", ".env"))
    (copy / "node_modules").symlink_to(original / "node_modules")
    return copy
