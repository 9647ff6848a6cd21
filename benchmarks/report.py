"""benchmarks/RESULTS.md: one section per benchmark, replaced when it is measured again."""

import re
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

DIRECTORY = Path(__file__).parent
RESULTS = DIRECTORY / "RESULTS.md"
DATA = DIRECTORY / "figures.json"
HEAD = "# Measurements\n\nMade by `make bench`. Medians; compare within a section only.\n"


def table(columns: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_report(name: str, section: str, machine: str, results: Path = RESULTS) -> None:
    """Replace the section `name`, or add it."""
    text = results.read_text() if results.exists() else HEAD
    marked = (
        f"<!-- {name} -->\n{section.strip()}\n\n{machine}, {datetime.now(UTC):%Y-%m-%d}.\n<!-- /{name} -->\n"
    )
    pattern = re.compile(rf"<!-- {name} -->.*?<!-- /{name} -->\n", re.DOTALL)
    replaced, count = pattern.subn(lambda _: marked, text)
    results.write_text(replaced if count else f"{text}\n{marked}")


def keep(name: str, data: Any) -> None:
    """Keep what the plots of the section `name` are drawn from, in place of what was there."""
    kept = orjson.loads(DATA.read_bytes()) if DATA.exists() else {}
    kept[name] = data
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    DATA.write_bytes(orjson.dumps(kept, default=_plain, option=options))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError
