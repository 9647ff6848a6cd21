"""The bundle: exactly what is uploaded to a Space, and nothing else."""

import asyncio
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from ragspace.build_id import build_id, read_files
from ragspace.errors import RagspaceError
from ragspace.retrieval.ingest import IngestSummary
from ragspace.settings import Settings
from ragspace.space.baking import BakedDocuments, bake_documents, bake_sample
from ragspace.space.changes import is_foreign
from ragspace.space.environment import is_placeholder, read_variables
from ragspace.space.secret_search import refuse_secrets, secret_variables
from ragspace.space.sources import BAKED_DOCUMENTS, BAKED_SAMPLE, application, documentation, template

LARGEST = 1_000_000
"""Bytes of a bundle without documents: what is larger holds something that does not belong there."""

LARGEST_WITH_DOCUMENTS = 200_000_000
"""Bytes. A thousand passages take 1.7 MB, and a quarter of a second at every start."""

LARGE_WITH_DOCUMENTS = 20_000_000
"""Bytes from which on a vector database is the better place for the documents."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """`files` by path in the Space's repository, sorted. `build_id` is what the health report of a process
    made from them says. `documents` tells of what was baked in."""

    files: Mapping[str, bytes]
    build_id: str
    documents: BakedDocuments | None = None

    @property
    def total_bytes(self) -> int:
        return sum(map(len, self.files.values()))

    def write_directory(self, directory: Path) -> None:
        """Make `directory` hold the bundle: a new one, an earlier bundle, or the clone of a Space, in which
        hidden files stay and other files that are not the bundle's go.

        Raises RagspaceError where it holds something else, or cannot be written.
        """
        try:
            self._write(directory)
        except OSError as error:
            raise _unwritable(directory, error) from None

    def _write(self, directory: Path) -> None:
        present = read_files(directory) if directory.is_dir() else {}
        if is_foreign(present.keys()):
            raise RagspaceError(
                f"{directory} holds something that is no bundle, and is left as it is.",
                action="Name a new directory, an earlier bundle, or the clone of the Space.",
            )
        for path in present.keys() - self.files.keys():
            (directory / path).unlink()
        for path, content in self.files.items():
            file = directory / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)

    def write_zip(self, file: Path) -> None:
        """Write it as an archive whose bytes depend on nothing but the bundle's. Raises RagspaceError."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:  # stored: compressors differ between versions
            for path, content in self.files.items():
                entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
                entry.create_system, entry.external_attr = 3, 0o100644 << 16
                archive.writestr(entry, content)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(packed.getvalue())
        except OSError as error:
            raise _unwritable(file, error) from None


def assemble(
    settings: Settings,
    docs: Path | None = None,
    progress: Callable[[IngestSummary], None] = lambda _: None,
) -> Bundle:
    """The bundle, with the documents in the folder `docs` baked in, embedded as `settings` say.

    Not to be called from a running event loop. Without `docs` the bundle does not depend on `settings`.

    Raises SecretFound where a file looks like a secret, RagspaceError where it is too large or nothing could
    be read from `docs`, and what `ingest` raises.
    """
    files = {**template(), **application(), **documentation()}
    documents = None
    if docs is None:
        baked = asyncio.run(bake_sample(settings))
        files |= _below(BAKED_SAMPLE, baked)
    else:
        documents = asyncio.run(bake_documents(settings, docs, progress))
        files |= _below(BAKED_DOCUMENTS, documents.files)
    files = dict(sorted(files.items()))
    refuse_secrets(files, _known_secrets(settings))
    bundle = Bundle(files, build_id(files), documents)
    _refuse_too_large(bundle)
    return bundle


def _below(directory: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{directory}/{name}": content for name, content in files.items()}


def _known_secrets(settings: Settings, env_file: Path = Path(".env")) -> dict[str, str]:
    """The developer's secrets by variable: of the environment, of `.env` and of `settings`."""
    known = secret_variables(read_variables(env_file))
    for name in Settings.model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr) and not is_placeholder(value.get_secret_value()):
            known[name.upper()] = value.get_secret_value()
    return known


def _refuse_too_large(bundle: Bundle) -> None:
    limit = LARGEST if bundle.documents is None else LARGEST_WITH_DOCUMENTS
    if bundle.total_bytes <= limit:
        return
    largest = max(bundle.files, key=lambda path: len(bundle.files[path]))
    raise RagspaceError(
        f"The bundle has {bundle.total_bytes / 1e6:.1f} MB, and {limit / 1e6:.0f} MB are the most.",
        action=f"Its largest file is {largest}. "
        + (
            "Look for what does not belong into the package."
            if bundle.documents is None
            else "So many documents belong into a vector database: leave --docs out and set QDRANT_URL."
        ),
    )


def _unwritable(path: Path, error: OSError) -> RagspaceError:
    return RagspaceError(
        f"{path} cannot be written: {(error.strerror or 'unknown error').lower()}.",
        action="Name a place that you may write to.",
    )
