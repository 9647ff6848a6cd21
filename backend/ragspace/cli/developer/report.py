"""`ragspace report`: what readers asked that the documents do not answer."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ragspace.cli.configuration import load_settings
from ragspace.cli.developer.as_json import print_json
from ragspace.logs import configure_logs

if TYPE_CHECKING:
    from ragspace.gaps.report import Gap, Report


def report(
    since: Annotated[
        float, typer.Option(min=0.01, max=36500, metavar="DAYS", help="Days to look back.")
    ] = 30,
    rows: Annotated[int, typer.Option(min=1, help="Show so many, most asked first.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Tell all of it as JSON.")] = False,
) -> None:
    """Show what readers asked that the documents do not answer: refused, low score, or thumbs down.

    Questions that ask for the same are counted together. The conversations are read from the configured
    database, and nothing is written.
    """
    from ragspace.gaps.reading import read_report

    settings = load_settings()
    configure_logs("WARNING", settings.secret_values())
    found = asyncio.run(read_report(settings, since))
    if as_json:
        print_json(found.as_json())
    else:
        _show(found, since, rows)


def _show(found: "Report", days: float, rows: int) -> None:
    console = Console(highlight=False)
    asked = f"{found.questions} questions were" if found.questions != 1 else "One question was"
    period = f"in the last {days:g} days" if days != 1 else "in the last day"
    if not found.questions:
        console.print(f"Nobody has asked the documents anything {period}.")
        return
    if not found.gaps:
        console.print(f"{asked} asked {period}, and none was in vain.")
        return
    console.print(f"{asked} asked {period}, {found.unanswered} in vain.\n")
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("asked", justify="right", no_wrap=True)
    table.add_column("question", ratio=1)
    table.add_column("because")
    table.add_column("last", no_wrap=True)
    table.add_column("nearest heading")
    for gap in found.gaps[:rows]:
        others = f" (and {len(gap.others)} like it)" if gap.others else ""
        table.add_row(
            str(gap.count),
            Text(_printable(gap.question) + others),
            _because(gap),
            _day(gap.newest),
            Text(_printable(gap.heading or "")),
        )
    console.print(table)
    hidden = len(found.gaps) - rows
    if hidden > 0:
        console.print(f"\n{hidden} more: --rows {len(found.gaps)} shows them.")
    if found.left_out:
        console.print(f"\n{found.left_out} more could not be compared; look at fewer days.")
    if found.why_by_words is not None:
        console.print(f"\nCompared by their words only: {found.why_by_words}.", style="dim", markup=False)


def _because(gap: "Gap") -> str:
    reasons = (("refused", gap.refused), ("low score", gap.low_score), ("thumbs down", gap.disliked))
    return ", ".join(f"{count} {reason}" for reason, count in reasons if count)


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d")


def _printable(text: str) -> str:
    """Readers write what they like: nothing of it may steer the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()
