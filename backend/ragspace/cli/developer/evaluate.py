"""`ragspace eval`: how well questions whose answers are known are answered."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from ragspace.cli.configuration import load_settings
from ragspace.cli.developer.as_json import print_json
from ragspace.errors import RagspaceError
from ragspace.logs import configure_logs
from ragspace.settings import Settings

if TYPE_CHECKING:
    from ragspace.evaluation.report import Report


def evaluate(
    file: Annotated[Path, typer.Argument(help="Questions, one JSON document a line; or docs-qa's.")],
    docs: Annotated[
        list[Path] | None, typer.Option(help="Ask these documents, instead of the configured index.")
    ] = None,
    k: Annotated[int, typer.Option(min=1, max=10, help="Sections that count as found.")] = 3,
    worst: Annotated[int, typer.Option(min=0, help="Show so many of the questions that went wrong.")] = 5,
    save: Annotated[Path | None, typer.Option(help="Keep the figures in this file.")] = None,
    compare: Annotated[
        Path | None, typer.Option(help="Exit with 1 where a figure is lower than in this saved file.")
    ] = None,
    tolerance: Annotated[float, typer.Option(min=0, max=1, help="How much lower is not told.")] = 0.02,
    init: Annotated[
        bool, typer.Option("--init", help="Draft FILE from the headings of the --docs instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Tell it as JSON.")] = False,
) -> None:
    """Ask questions whose answers are known: are the right sections found, and is what is not there refused?

    No language model is asked. docs/evaluation.md describes the format of the file.
    """
    from ragspace.evaluation.report import regressions

    settings = load_settings()
    configure_logs("WARNING", settings.secret_values())
    if init:
        _draft(file, docs or [])
        return
    before = _saved(compare) if compare else None
    report = asyncio.run(_report(settings, file, docs or [], k))
    if save is not None:
        save.write_bytes(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2))
    if as_json:
        print_json(report.as_json())
    else:
        _show(report, worst)
    fallen = regressions(before, report, tolerance) if before is not None else []
    for line in fallen:
        Console(stderr=True, highlight=False).print(f"lower than before: {line}", style="red", markup=False)
    if fallen:
        raise typer.Exit(1)


async def _report(settings: Settings, file: Path, docs: list[Path], k: int) -> "Report":
    from ragspace.evaluation.corpus import opened
    from ragspace.evaluation.report import report
    from ragspace.evaluation.run import evaluate

    with Progress(console=Console(stderr=True), transient=True) as progress:
        reading = progress.add_task("Reading the documents", total=None)
        async with opened(settings, file, docs) as (retriever, questions):
            progress.remove_task(reading)
            task = progress.add_task("Asking", total=len(questions))
            outcomes = await evaluate(
                questions, retriever, lambda asked: progress.update(task, completed=asked)
            )
    return report(outcomes, k)


def _show(report: "Report", worst: int) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("", "asked", "figure", "value", "95 % interval", "even", "odd"):
        table.add_column(heading, justify="right" if heading in ("asked", "value", "even", "odd") else "left")
    for kind, figures in report.figures.items():
        for number, (name, figure) in enumerate(figures.items()):
            first = number == 0
            halves = report.halves[kind].get(name)
            table.add_row(
                kind.replace("_", " ") if first else "",
                str(report.questions[kind]) if first else "",
                name.replace("refusal recall of", "  of"),
                f"{figure.value:.3f}",
                f"{figure.low:.3f} to {figure.high:.3f}",
                *(f"{half:.3f}" for half in halves or ()),
            )
    console.print(table)
    console.print(
        f"A question takes {report.latency_p50_ms:.1f} ms (median), {report.latency_p95_ms:.1f} ms (95 %)."
    )
    if report.worst and worst:
        console.print(f"\n{len(report.worst)} went wrong, for example:", style="bold")
        for each in report.worst[:worst]:
            console.print(f"  {each.id}: {each.question}", markup=False)
            console.print(f"    {each.why}", style="dim", markup=False)


def _saved(file: Path) -> dict[str, object]:
    try:
        return dict(orjson.loads(file.read_bytes()))
    except (OSError, orjson.JSONDecodeError, TypeError, ValueError):
        raise RagspaceError(
            f"{file} cannot be read.", action="Name a file that `ragspace eval --save` wrote."
        ) from None


def _draft(file: Path, docs: list[Path]) -> None:
    from ragspace.evaluation.drafting import draft_questions
    from ragspace.models.minilm import count_tokens

    if not docs:
        raise RagspaceError("There are no documents to draft from.", action="Add --docs DIR.")
    if file.exists():
        raise RagspaceError(f"{file} is there already, and is left as it is.", action="Name a new file.")
    questions = list(draft_questions(docs, count_tokens))
    lines = (each.model_dump_json(exclude_defaults=True) + "\n" for each in questions)
    file.write_text("".join(lines), encoding="utf-8")
    Console(highlight=False).print(
        f"{len(questions)} drafts in {file}: make them questions of your readers, and add near misses.",
        markup=False,
        soft_wrap=True,
    )
