"""The fault table as docs/operations.md shows it."""

from itertools import groupby
from pathlib import Path

from ragspace.settings import Settings
from tests.faults.table import FAULTS, SERVICES, TABLE, Cell, Service

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"
BEGIN = "<!-- The fault table: written by scripts/fault-table, not by hand. -->"
END = "<!-- The end of the fault table. -->"

_HEAD = (
    "| fault | health says | the reader is told | after at most | stored | recovers |\n" + "|---" * 6 + "|\n"
)
_ENDS = {"200 done": "the answer"}


def rendered() -> str:
    faults = "".join(f"| {name} | {meaning} |\n" for name, meaning in FAULTS.items())
    return f"| fault | what happens |\n|---|---|\n{faults}\n" + "\n".join(
        f"### {title}\n\n{_HEAD}{_rows(service)}" for service, title in SERVICES.items()
    )


def inserted(document: str) -> str:
    """The document with the table as it is now."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{rendered()}\n{END}{after}"


def _rows(service: Service) -> str:
    """Faults that mean the same share a row."""
    rows = [(_row(cell), fault) for fault, cell in TABLE[service].items()]
    order = list(dict.fromkeys(row for row, _ in rows))
    rows.sort(key=lambda row: order.index(row[0]))
    return "".join(
        f"| {', '.join(fault for _, fault in group)} {row}\n"
        for row, group in groupby(rows, lambda row: row[0])
    )


def _row(cell: Cell | str) -> str:
    if isinstance(cell, str):
        return f"| none: {cell} | | | | |"
    told = _told(cell.told)
    if cell.follow_up:
        told += f"; a follow-up: {_told(cell.follow_up)}"
    stored = cell.stored
    if cell.follow_up:
        stored += ", once it is back"
    health = cell.health if cell.health == "connected" else f"`{cell.health}`"
    return f"| {health} | {told} | {_within(cell.within)} | {stored} | {cell.recovers} |"


def _told(told: str) -> str:
    if told in _ENDS:
        return _ENDS[told]
    status, _, rest = told.partition(" ")
    code = rest.removeprefix("error ")
    return f"`{code}`, an `error` event" if rest != code else f"`{code}` ({status})"


def _within(setting: str) -> str:
    if setting == "at once":
        return setting
    seconds = Settings.model_fields[setting.lower()].default
    return f"`{setting}` ({seconds} s)"
