"""The embedded index on disk: immutable generations, and a pointer to the one that is searched.

<data directory>/<collection>/
    current                 the name of the searched generation, replaced atomically
    ingest.lock             held by the one `ragspace ingest` that writes
    building/, building.json    what a run of ingest is writing, or left when it was killed
    generations/<number>/
        manifest.json       what the generation was made with
        shard/              the engine's files, never written again
        lock                held by the server that searches it
"""

import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from ragspace.errors import ConfigurationError
from ragspace.retrieval.locks import FileLock

MANIFEST = "manifest.json"
SHARD = "shard"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was made with. `created_at` is RFC 3339 UTC; `sample` marks the sample corpus, which
    the user's own documents replace; `key` names the content and the model that it was made from, where it
    came with the program."""

    embedding_model: str | None
    dimensions: int
    passages: int
    created_at: str
    sample: bool = False
    key: str | None = None

    @classmethod
    def read(cls, directory: Path) -> "Manifest":
        """Raises OSError or ValueError where there is none that can be read."""
        try:
            return cls(**orjson.loads((directory / MANIFEST).read_bytes()))
        except TypeError as error:
            raise ValueError(str(error)) from None

    def write(self, directory: Path) -> None:
        write_json(directory / MANIFEST, asdict(self))


@dataclass(frozen=True, slots=True)
class Generation:
    """One finished generation."""

    directory: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def shard(self) -> Path:
        return self.directory / SHARD

    @property
    def lock(self) -> Path:
        return self.directory / "lock"


class Generations:
    """The directory of one collection."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._pointer = directory / "current"
        self._finished = directory / "generations"

    def stamp(self) -> tuple[int, int] | None:
        """Changes whenever the pointer does; one `stat`. None where nothing was ever published."""
        try:
            status = self._pointer.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def current(self) -> Generation | None:
        """The generation that is to be searched."""
        while True:
            try:
                name = self._pointer.read_text(encoding="utf-8").strip()
            except FileNotFoundError:
                return None
            directory = self._finished / name
            try:
                return Generation(directory, Manifest.read(directory))
            except FileNotFoundError:
                # Published over and removed between the two reads: look again.
                if self._pointer.read_text(encoding="utf-8").strip() == name:
                    raise

    def take_writing(self) -> FileLock:
        """The right to write, to be released. Raises ConfigurationError where another process has it."""
        self._make()
        lock = FileLock.take(self.directory / "ingest.lock")
        if lock is None:
            raise ConfigurationError(
                "Another `ragspace ingest` is writing to this index.",
                action="Wait until it has finished, or set RAGSPACE_DATA_DIR to a directory of its own.",
            )
        return lock

    def refuse_to_lose_documents(self) -> None:
        """Raises ConfigurationError where what is searched is not merely what came with the program."""
        current = self.current()
        if current is not None and current.manifest.key is None:
            raise ConfigurationError("The index holds documents already.")

    def _make(self) -> None:
        try:
            self._finished.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise ConfigurationError(
                "The directory of the built-in index cannot be written to.",
                action="Set RAGSPACE_DATA_DIR to a directory that this user may write to.",
            ) from None

    def publish(self, finished: Path, manifest: Manifest) -> Generation:
        """Make the directory `finished` the searched generation; needs the right to write."""
        manifest.write(finished)
        name = f"{1 + max(map(int, self._names()), default=0):08d}"
        directory = self._finished / name
        finished.rename(directory)
        sync_directory(self._finished)
        replace(self._pointer, name.encode())
        self.remove_superseded()
        return Generation(directory, manifest)

    def install(self, generation: Generation) -> Generation:
        """Publish a copy of `generation`, which stands elsewhere.

        Raises as `take_writing` and `refuse_to_lose_documents`.
        """
        lock = self.take_writing()
        try:
            self.refuse_to_lose_documents()
            copy = self.directory / "installing"
            if copy.exists():
                shutil.rmtree(copy)
            copy.mkdir()
            copy_shard(generation.shard, copy / SHARD)
            return self.publish(copy, generation.manifest)
        finally:
            lock.release()

    def remove_superseded(self) -> None:
        """Remove the generations older than the searched one that no process holds; as far as possible.

        A newer one is about to be published.
        """
        current = self.current()
        for name in self._names():
            if current is None or name >= current.name:
                continue
            directory = self._finished / name
            try:
                lock = FileLock.take(directory / "lock")
            except OSError:
                continue
            if lock is not None:
                shutil.rmtree(directory, ignore_errors=True)
                lock.release()

    def _names(self) -> list[str]:
        return [entry.name for entry in self._finished.iterdir() if entry.name.isdigit()]


def copy_shard(source: Path, target: Path) -> None:
    """Copy the engine's files without filling their holes: it reserves 32 MB and more where it uses one."""
    shutil.copytree(source, target, copy_function=_copy_sparse)


def _copy_sparse(source: str, target: str) -> str:
    with open(source, "rb") as reader, open(target, "wb") as writer:  # noqa: PTH123 - copytree's own paths
        size = os.fstat(reader.fileno()).st_size
        writer.truncate(size)
        position = 0
        while position < size:
            try:
                position = os.lseek(reader.fileno(), position, os.SEEK_DATA)
            except OSError:  # ENXIO: only a hole is left
                break
            end = os.lseek(reader.fileno(), position, os.SEEK_HOLE)
            writer.seek(position)
            while position < end:
                block = os.pread(reader.fileno(), min(end - position, 1 << 20), position)
                writer.write(block)
                position += len(block)
    return target


def write_json(path: Path, content: dict[str, Any]) -> None:
    replace(path, orjson.dumps(content, option=orjson.OPT_INDENT_2))


def replace(path: Path, content: bytes) -> None:
    """Write `path` so that a reader, and a machine that loses power, find the old or the new content."""
    new = path.with_name(f".{path.name}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
