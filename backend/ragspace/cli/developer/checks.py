"""How a command shows its checks: a table with a fix per line, or JSON."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import typer
from rich.console import Console
from rich.table import Table

from ragspace.cli.developer.as_json import print_json
from ragspace.space.checks import Check, Outcome, passed

MARKS: dict[Outcome, str] = {
    "ok": "[green]✓[/]",
    "warning": "[yellow]![/]",
    "failed": "[red]✗[/]",
    "skipped": "–",
}


@contextmanager
def looking(console: Console) -> Iterator[Callable[[Check], None]]:
    """While the checks are made: what to tell each one to, so that the terminal shows the last."""
    with console.status("Looking at it") as status:
        yield lambda check: status.update(f"Looked at: {check.name}")


def end_with(checks: Sequence[Check], *, as_json: bool) -> None:
    """Print `checks` as the command's last word; exit code 1 where one failed."""
    show_checks(checks, as_json=as_json)
    if not passed(checks):
        raise typer.Exit(1)


def show_checks(checks: Sequence[Check], *, as_json: bool) -> None:
    """Print `checks` to standard output; as JSON, `{"passed": …, "checks": […]}`."""
    if as_json:
        print_json({"passed": passed(checks), "checks": [asdict(check) for check in checks]})
        return
    console = Console(highlight=False)
    table = Table(box=None, show_header=False, padding=(0, 1))
    for check in checks:
        table.add_row(MARKS[check.outcome], check.name, check.detail)
        if check.fix:
            table.add_row("", "", f"[bold]→ {check.fix}[/]")
    console.print(table)
