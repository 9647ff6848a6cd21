"""DEPLOYMENT.md is right: its commands are typed as they stand, against stand-ins of every service.

A block whose fence says `sh` is run, in the order of the guide, in one directory; `sh git` too, with a bare
repository in place of the Hub's; `sh embedded` on a Hub of its own, without the settings. What is marked
`sh by-hand` is not run, and listed here.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.gemini import GeminiStandIn
from tests.support.guide import Block, blocks_of
from tests.support.hub import Checkout, HubStandIn, checkout, hub
from tests.support.postgres import Postgres, postgres, postgres_url
from tests.support.qdrant import QdrantShim
from tests.support.skips import requires

__all__ = ["checkout", "hub", "postgres"]
pytestmark = [requires("node"), pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "huggingface-spaces" / "DEPLOYMENT.md"
BOOK = ROOT / "tests" / "fixtures" / "book" / "docs"
BY_HAND = [
    "make setup",
    ".venv/bin/uv pip install --python .venv/bin/python --editable '.[deploy]'",
    'export PATH="$PWD/.venv/bin:$PATH"',
]
SPACE_URL = "https://me-demo.hf.space"
GIT_URL = "https://huggingface.co/spaces/me/demo"
BLOCKS = blocks_of(GUIDE)
OWNER, PASSWORD = "owner_of_the_guide", "marked-password-1"


@dataclass
class Shell:
    """A developer's directory and what is in the environment there."""

    directory: Path
    environment: dict[str, str]
    hub: HubStandIn
    secrets: tuple[str, ...] = ()
    shown: dict[str, str] = field(default_factory=dict)
    """Output by command line."""

    def type(self, block: Block) -> None:
        """Run the block's commands. Raises AssertionError where one fails or shows what it must not."""
        for command in _joined(block):
            self.shown[command] = self._run(self._local(command))

    def _local(self, script: str) -> str:
        if SPACE_URL in script:
            script = script.replace(SPACE_URL, self.hub.space().edge.url)
        return script.replace(GIT_URL, str(self.directory.parent / "remote.git"))

    def _run(self, script: str) -> str:
        done = subprocess.run(
            ["bash", "-eu", "-c", script],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}"
        assert "Traceback" not in done.stdout
        assert not [secret for secret in self.secrets if secret in done.stdout]
        return done.stdout


def _joined(block: Block) -> list[str]:
    """A block of git runs as one script, since it changes directory."""
    return [block.text] if block.info == "sh git" else block.commands


def shell(directory: Path, hub: HubStandIn, checkout: Checkout, **more: str) -> Shell:
    work = directory / "work"
    shutil.copytree(BOOK, work / "docs")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {
        "PATH": path,
        "HOME": str(directory),
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(directory / "hf"),
        "COLUMNS": "160",
        "PYTHONPATH": checkout.python_path,
        **{
            f"GIT_{who}_{what}": "me@example.org"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
        **more,
    }
    return Shell(work, environment, hub)


@pytest.fixture
def developer(
    tmp_path: Path, hub: HubStandIn, checkout: Checkout, gemini: GeminiStandIn, postgres: Postgres
) -> Iterator[Shell]:
    """A developer with the `.env` of the guide, filled in."""
    database = asyncio.run(_owned_database(postgres))
    with QdrantShim() as qdrant:
        values = {
            "GEMINI_API_KEY": gemini.api_key,
            "QDRANT_URL": qdrant.url,
            "QDRANT_API_KEY": qdrant.api_key,
            "QDRANT_COLLECTION": "book",
            "DATABASE_URL": postgres_url(postgres.port, database, user=OWNER, password=PASSWORD),
            "ALLOWED_ORIGINS": "https://my-app.vercel.app",
            "LOG_LEVEL": "INFO",
            "HF_TOKEN": hub.token,
        }
        (settings,) = [block for block in BLOCKS if block.info == "ini"]
        assert [line.partition("=")[0] for line in settings.commands] == list(values)
        typed = shell(tmp_path, hub, checkout, GEMINI_BASE_URL=gemini.url, GEMINI_MODEL="gemini-3.5-flash")
        typed.secrets = (gemini.api_key, qdrant.api_key, PASSWORD, hub.token)
        (typed.directory / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        yield typed


async def _owned_database(postgres: Postgres) -> str:
    database = await postgres.create_database()
    await postgres.execute(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{PASSWORD}'")
    await postgres.execute(f"ALTER DATABASE {database} OWNER TO {OWNER}")
    return database


def test_every_command_is_run_or_listed_as_one_that_is_not():
    marks = {block.info for block in BLOCKS}
    assert marks == {"ini", "sh", "sh git", "sh embedded", "sh by-hand"}
    assert [line for block in BLOCKS if block.info == "sh by-hand" for line in block.commands] == BY_HAND


def test_every_link_leads_somewhere():
    text = GUIDE.read_text()
    anchors = {
        re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in re.findall(r"(?m)^#+ (.+)$", text)
    }
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if target.startswith("http"):
            continue
        if path:
            file = GUIDE.parent / path
            assert file.is_file(), target
            headings = re.findall(r"(?m)^#+ (.+)$", file.read_text())
            assert not anchor or anchor in {h.lower().replace(" ", "-") for h in headings}, target
        else:
            assert anchor in anchors, target


def test_sc_001_us4_scenario_1_the_guides_commands_lead_to_a_verified_deployment(developer: Shell):
    """Also FR-004, SC-007, SC-010 and SC-011: the guide's steps, one after another, with nothing else."""
    remote = developer.directory.parent / "remote.git"
    _empty_space_repository(remote)
    for block in BLOCKS:
        if block.heading == "Change a secret" and block.info == "sh":
            _change(developer.directory / ".env", "LOG_LEVEL=INFO", "LOG_LEVEL=WARNING")
        if block.info in ("sh", "sh git"):
            developer.type(block)
    shown = developer.shown
    deployed = next(text for command, text in shown.items() if command.endswith("--yes"))
    assert "in production" in deployed
    assert developer.hub.space().edge.url in deployed
    assert developer.hub.space().variables["LOG_LEVEL"]["value"] == "WARNING"
    assert set(developer.hub.space().secrets) >= {
        "GEMINI_API_KEY", "QDRANT_URL", "QDRANT_API_KEY", "DATABASE_URL"
    }  # fmt: skip
    assert "HF_TOKEN" not in developer.hub.space().secrets
    pushed = subprocess.run(
        ["git", "-C", str(remote), "ls-tree", "--name-only", "main"], capture_output=True, text=True
    ).stdout.splitlines()
    assert {"Dockerfile", "README.md", "requirements.txt"} <= set(pushed)


def test_the_guides_way_without_any_secret_leads_to_a_space_that_answers(
    tmp_path: Path, hub: HubStandIn, checkout: Checkout
):
    typed = shell(tmp_path, hub, checkout, HF_TOKEN=hub.token)
    typed.secrets = (hub.token,)
    for block in BLOCKS:
        if block.info == "sh embedded":
            typed.type(block)
            assert "in production" in typed.shown[block.commands[-1]]
    assert set(hub.space().secrets) == set()
    assert hub.space().variables["RAGSPACE_MODE"]["value"] == "embedded"


def _empty_space_repository(path: Path) -> None:
    """A repository as a new Space has it: one commit, with a README."""
    identity = ["-c", "user.name=hub", "-c", "user.email=hub@hub.example"]
    seed = path.with_suffix(".seed")
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", seed], check=True)
    (seed / "README.md").write_text("---\nsdk: docker\n---\n")
    subprocess.run(["git", "-C", seed, "add", "."], check=True)
    subprocess.run(["git", "-C", seed, *identity, "commit", "--quiet", "-m", "initial commit"], check=True)
    subprocess.run(["git", "clone", "--quiet", "--bare", seed, path], check=True)


def _change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
