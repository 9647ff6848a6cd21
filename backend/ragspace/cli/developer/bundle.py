"""`ragspace bundle`: what is uploaded to a Space, as a folder or an archive."""

from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from ragspace.cli.configuration import load_settings
from ragspace.cli.developer.confirmation import confirm
from ragspace.errors import RagspaceError
from ragspace.logs import configure_logs

if TYPE_CHECKING:
    from ragspace.space.bundle import Bundle

BECOMES_PUBLIC = (
    "A Space is public unless it is made private, and the documents become public with it: everybody can "
    "read them."
)

JUSTIFIED: tuple[Literal["left", "right"], ...] = ("left", "right", "right")


def bundle(
    out: Annotated[Path | None, typer.Option(help="Write it into this folder.", metavar="DIR")] = None,
    archive: Annotated[
        Path | None, typer.Option("--zip", help="Write it as this archive.", metavar="FILE")
    ] = None,
    docs: Annotated[
        Path | None, typer.Option(help="Bake these documents and their index into the image.", metavar="DIR")
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="It is for a private Space.")] = False,
    every_file: Annotated[bool, typer.Option("--list", help="Name every file.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Assemble exactly what is uploaded to a Space; without --out and --zip, only tell what it holds.

    With --docs the Space answers from these documents without a vector database.
    """
    from ragspace.space.bundle import assemble

    settings = load_settings()
    configure_logs("WARNING", settings.secret_values())
    if docs is not None and not private and not yes:
        confirm(f"{BECOMES_PUBLIC}\nGo on?", _nobody_there())
    console = Console(stderr=True)
    with console.status("Reading the documents") if docs and console.is_terminal else nullcontext():
        made = assemble(settings, docs)
    _show(made, every_file)
    if out is not None:
        made.write_directory(out)
    if archive is not None:
        made.write_zip(archive)
    _show_end(made, out, archive)


def _nobody_there() -> RagspaceError:
    return RagspaceError(
        f"This needs a yes, and nobody is there to give it. {BECOMES_PUBLIC}",
        action="Add --yes if that is meant, or --private if the Space is a private one.",
    )


def _show(made: "Bundle", every_file: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    sizes, files = Counter[str](), Counter[str]()
    for path, content in made.files.items():
        group = path if every_file else _group(path)
        sizes[group] += len(content)
        files[group] += 1
    table = Table(box=None, show_header=False, padding=(0, 1))
    for justify in JUSTIFIED:
        table.add_column(justify=justify)
    for group, size in sizes.items():
        count = f"{files[group]} files" if group.endswith("/") else ""
        table.add_row(group, count, f"{size / 1000:.1f} kB")
    table.add_row("", f"{len(made.files)} files", f"{made.total_bytes / 1000:.1f} kB", style="bold")
    console.print(table)
    _show_documents(made, console)


def _group(path: str) -> str:
    """The file itself at the top, a folder of the package below it."""
    parts = path.split("/")
    return path if len(parts) == 1 else "/".join(parts[: min(2, len(parts) - 1)]) + "/"


def _show_documents(made: "Bundle", console: Console) -> None:
    from ragspace.space.bundle import LARGE_WITH_DOCUMENTS

    if made.documents is None:
        return
    summary = made.documents.summary
    for skipped in summary.skipped:
        console.print(f"skipped {skipped.file}: {skipped.reason}", style="yellow", markup=False)
    console.print(
        f"Documents: {summary.files} files, {made.documents.passages} passages, embedded with "
        f"{made.documents.embedding_model}, which the Space must use as well.",
        markup=False,
    )
    if made.total_bytes > LARGE_WITH_DOCUMENTS:
        console.print(
            "So many documents make every start slow; a vector database is the better place for them.",
            style="yellow",
        )


def _show_end(made: "Bundle", out: Path | None, archive: Path | None) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"Build {made.build_id}", markup=False)
    for written in (out, archive):
        if written is not None:
            console.print(f"Written to {written}", markup=False)
    if out is None and archive is None:
        console.print("Nothing was written: add --out DIR or --zip FILE.")
