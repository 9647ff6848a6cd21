"""An uploaded bundle, really run: its own copy of the package in a process of its own, on loopback."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support.servers import LOOPBACK, free_port

_PATIENCE_S = 20.0
_ENV = re.compile(r"(\w+)=(\"[^\"]*\"|\S+)")


class Container:
    """The process of the `files` in `directory`. What it writes goes to `write`, with the port that it would
    have in a container of its own."""

    def __init__(
        self,
        directory: Path,
        files: Mapping[str, bytes],
        environment: Mapping[str, str],
        write: Callable[[str], None],
    ) -> None:
        self.port = free_port()
        self._directory = directory
        self._write = write
        self._process: asyncio.subprocess.Process | None = None
        self._output: asyncio.Task[None] | None = None
        self._root = _unpack(directory / "app", files)
        home = directory / "home"
        home.mkdir()
        given = _environment_of(files) | dict(environment)
        self.inner_port = int(given.get("PORT", "7860"))
        self.open_to_all = given.get("HOST") in ("0.0.0.0", "::")
        self.environment = given | {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "RAGSPACE_DATA_DIR": str(home / "data"),
            "HOST": LOOPBACK,
            "PORT": str(self.port),
        }

    async def start(self) -> None:
        await _bake_build_id(self._root)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "ragspace", "serve"),
            cwd=self._root,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=2**20,
        )
        self._output = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            text = line.decode(errors="replace").rstrip("\n")
            self._write(text.replace(f":{self.port}", f":{self.inner_port}"))

    async def ended(self) -> int:
        """The exit code, once it has ended and all it wrote was read."""
        assert self._process is not None
        assert self._output is not None
        code = await self._process.wait()
        await self._output
        return code

    async def stop(self) -> None:
        """SIGTERM, as the platform does, and the files gone."""
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _PATIENCE_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._output is not None:
            self._output.cancel()
        await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)


def _unpack(directory: Path, files: Mapping[str, bytes]) -> Path:
    """Writes `files`; the directory from which `python -m ragspace` finds their package."""
    for path, content in files.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    mains = [path for path in files if path.endswith("ragspace/__main__.py")]
    if not mains:
        raise ValueError("the bundle holds no package ragspace")
    return (directory / mains[0]).parents[1]


async def _bake_build_id(root: Path) -> None:
    """What the image's build does, with the uploaded program and over the uploaded files."""
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "ragspace/build_id.py", "."),
        cwd=root,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await program.communicate()
    (root / "ragspace" / "build_id").write_bytes(told)


def _environment_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """The ENV lines of the last stage of the Dockerfile, without PATH."""
    text = files.get("Dockerfile", b"").decode().replace("\\\n", " ")
    last_stage = re.split(r"(?m)^FROM ", text)[-1]
    found: dict[str, str] = {}
    for line in re.findall(r"(?m)^ENV (.+)$", last_stage):
        found |= {name: value.strip('"') for name, value in _ENV.findall(line)}
    found.pop("PATH", None)
    return found
