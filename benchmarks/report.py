"""benchmarks/RESULTS.md: one section per benchmark, replaced when it is measured again."""

import re
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = "# Measurements\n\nMade by `make bench`. Medians; compare within a section only.\n"


def table(columns: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_report(name: str, section: str, machine: str) -> None:
    """Replace the section `name`, or add it."""
    text = RESULTS.read_text() if RESULTS.exists() else HEAD
    marked = (
        f"<!-- {name} -->\n{section.strip()}\n\n{machine}, {datetime.now(UTC):%Y-%m-%d}.\n<!-- /{name} -->\n"
    )
    pattern = re.compile(rf"<!-- {name} -->.*?<!-- /{name} -->\n", re.DOTALL)
    replaced, count = pattern.subn(lambda _: marked, text)
    RESULTS.write_text(replaced if count else f"{text}\n{marked}")
