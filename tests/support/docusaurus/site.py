"""A Docusaurus site as its own generator makes it, with the chat put in by the recipe of docs/frontend.md."""

import re
import shutil
import subprocess
import tarfile
import time
import urllib.request
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Self

from tests.support import npm
from tests.support.docusaurus.packages import directory_of_packages
from tests.support.guide import blocks_of
from tests.support.servers import LOOPBACK, free_port

REPOSITORY = Path(__file__).parents[3]
GUIDE = REPOSITORY / "docs" / "frontend.md"
EXAMPLE_API = "https://owner-space.hf.space"
"""What the guide's recipe has in place of an address."""

_BUILD_S = 300.0
_PATIENCE_S = 60.0


class Site:
    """A generated site, beside the installed packages, where Node finds them; `remove` takes it away."""

    def __init__(self) -> None:
        self._home = Path(mkdtemp(prefix="site-", dir=directory_of_packages()))
        self.directory = self._home / "site"
        self.port = free_port()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self._package("create-docusaurus/bin/index.js", "site", "classic", "--javascript", "--skip-install")

    @property
    def docs(self) -> Path:
        return self.directory / "docs"

    def add_documents(self, folder: Path) -> None:
        shutil.copytree(folder, self.docs, dirs_exist_ok=True)

    def add_locale(self, locale: str) -> None:
        self._change("locales: ['en']", f"locales: ['en', '{locale}']")

    def add_chat(self, api: str) -> None:
        """Install the front end's package and put its plugin into the configuration, as the guide says."""
        archive = npm.pack(REPOSITORY / "frontend", self._home)
        target = self.directory / "node_modules" / "ragspace-chat"
        with tarfile.open(archive) as packed:
            packed.extractall(self._home / "unpacked", filter="data")
        target.parent.mkdir(exist_ok=True)
        shutil.move(self._home / "unpacked" / "package", target)
        (recipe,) = (block.text for block in blocks_of(GUIDE) if "ragspace-chat/docusaurus" in block.text)
        plugins = re.sub("^", "  ", recipe.strip().replace(EXAMPLE_API, api), flags=re.MULTILINE)
        self._change("  presets: [", f"{plugins}\n\n  presets: [")

    def build(self) -> None:
        self._package("@docusaurus/core/bin/docusaurus.mjs", "build", cwd=self.directory)

    def __enter__(self) -> Self:
        """Serve what was built, with Docusaurus' own server."""
        command = npm.node_command(
            self._script("@docusaurus/core/bin/docusaurus.mjs"),
            *("serve", "--no-open", "--host", LOOPBACK, "--port", str(self.port)),
        )
        self._process = subprocess.Popen(
            command,
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=npm.environment(),
        )
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def remove(self) -> None:
        shutil.rmtree(self._home, ignore_errors=True)

    def _wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                urllib.request.urlopen(self.url, timeout=5).close()
            except OSError:
                if time.monotonic() > deadline or self._process is None or self._process.poll() is not None:
                    raise
                time.sleep(0.1)
            else:
                return

    def _change(self, old: str, new: str) -> None:
        configuration = self.directory / "docusaurus.config.js"
        text = configuration.read_text()
        if text.count(old) != 1:
            raise AssertionError(f"the generator's configuration no longer has {old!r} once")
        configuration.write_text(text.replace(old, new))

    def _script(self, path: str) -> Path:
        return directory_of_packages() / "node_modules" / path

    def _package(self, script: str, *arguments: str, cwd: Path | None = None) -> None:
        npm.run_node(self._script(script), *arguments, cwd=cwd or self._home, timeout=_BUILD_S)
