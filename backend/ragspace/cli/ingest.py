"""`ragspace ingest`: documents into the index."""

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from ragspace.cli.configuration import load_settings
from ragspace.errors import QuotaExceeded, RagspaceError
from ragspace.logs import configure_logs
from ragspace.settings import Settings

if TYPE_CHECKING:
    from ragspace.retrieval.ingest import IngestSummary


def ingest(
    paths: Annotated[list[Path], typer.Argument(help="Folders and files to read.", show_default=False)],
    rebuild: Annotated[
        bool, typer.Option(help="Build a new collection beside the old one, then switch over.")
    ] = False,
    drop_old: Annotated[bool, typer.Option(help="After --rebuild, delete the old collection.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Only tell what would be embedded and removed.")] = False,
    strict: Annotated[bool, typer.Option(help="Exit with 1 where a file was skipped.")] = False,
) -> None:
    """Read documents into the index: only what changed is embedded, what is gone is removed.

    Markdown, MDX, HTML, PDF, reStructuredText and text. Works while the server runs, which then answers
    from the new documents. A run that is killed loses nothing: the next one goes on.
    """
    if drop_old and not rebuild:
        raise RagspaceError("--drop-old goes with --rebuild.", action="Add --rebuild, or leave it out.")
    settings = load_settings()
    configure_logs("WARNING", settings.secret_values())
    summary = asyncio.run(_ingest(settings, paths, rebuild, drop_old, dry_run))
    _show(summary)
    if dry_run and settings.embedding == "gemini" and find_spec("ragspace.cli.developer") is not None:
        from ragspace.cli.developer.embedding_estimate import estimate

        for line in estimate(settings, summary).lines():
            Console(highlight=False, soft_wrap=True).print(line, markup=False)
    if summary.files == 0:
        raise RagspaceError("No document was read.", action="Name a folder that holds documents.")
    if strict and summary.skipped:
        raise typer.Exit(1)


async def _ingest(
    settings: Settings, paths: list[Path], rebuild: bool, drop_old: bool, dry_run: bool
) -> "IngestSummary":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    from ragspace.documents.read_cache import ReadCache
    from ragspace.documents.scope import Scope
    from ragspace.documents.walking import walk
    from ragspace.models.minilm import count_tokens
    from ragspace.parts import choose_embedder, choose_index
    from ragspace.retrieval.ingest import IngestSummary
    from ragspace.retrieval.ingest import ingest as run_ingest

    index, embedder = choose_index(settings), choose_embedder(settings)
    latest = IngestSummary(index.collection)
    files = sum(1 for source in Scope(paths).sources for _ in walk(source))
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("Reading", total=files)

            def show(done: IngestSummary) -> None:
                nonlocal latest
                latest = done
                told = f"{done.embedded} passages embedded, {done.kept} kept"
                progress.update(task, completed=done.files + len(done.skipped), description=told)

            return await run_ingest(
                paths,
                index,
                embedder,
                count_tokens,
                rebuild=rebuild,
                drop_old=drop_old,
                dry_run=dry_run,
                cache=ReadCache(settings.data_dir / "reading" / f"{index.collection}.sqlite"),
                progress=show,
            )
    except QuotaExceeded as spent:
        raise _to_go_on(spent, latest) from None
    finally:
        await asyncio.gather(index.close(), embedder.close())


def _to_go_on(spent: QuotaExceeded, done: "IngestSummary") -> QuotaExceeded:
    """The same failure for who runs `ingest`, and not for who reads an answer."""
    minutes = -(-(spent.retry_after or 60) // 60)
    wait = f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
    return QuotaExceeded(
        f"Gemini's quota is spent. {done.embedded} passages were embedded, and nothing of it is lost.",
        action=f"Run the same command again in {wait}: it goes on from there. Or set "
        "EMBEDDING_PROVIDER=local, which has no quota, and add --rebuild.",
        retry_after=spent.retry_after,
    )


def _show(summary: "IngestSummary") -> None:
    console = Console(highlight=False, soft_wrap=True)
    for skipped in summary.skipped:
        console.print(f"skipped {skipped.file}: {skipped.reason}", style="yellow", markup=False)
    would = "would be " if summary.dry_run else ""
    console.print(
        f"{summary.collection}: {summary.files} files read, {summary.embedded} passages {would}embedded, "
        f"{summary.kept} kept, {summary.removed} {would}removed, {len(summary.skipped)} files skipped, "
        f"in {summary.seconds:.1f} s.",
        markup=False,
    )
