"""Ten thousand files into the built-in index: what it costs, and what a killed or a repeated run costs."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.corpus import write_corpus
from benchmarks.report import table

FILES = 10_000
SAMPLE = 1_000
"""Passages embedded with the built-in model: at full size it would take half an hour."""
KILLED_AT = 0.4
"""Of the files."""
MOST_OF_A_FILE = 20
"""Passages of the corpus's files, at most."""
CHANGED = "part-050/page-05000.md"

Figures = dict[str, Any]


def measure() -> str:
    """Reading, embedding, writing and searching, each in a process of its own."""
    with tempfile.TemporaryDirectory() as home:
        root, data, again = Path(home, "docs"), Path(home, "index"), Path(home, "killed")
        megabytes = write_corpus(root, FILES) / 1e6
        reading = list(_step("read", root, FILES))
        (embedding,) = _step("embed", root, SAMPLE)
        *writing, written = _step("write", root, data, FILES)
        killed = _killed(root, again)
        *_, resumed = _step("write", root, again, FILES)
        with (root / CHANGED).open("a") as page:
            page.write("\nOne more paragraph.\n")
        *_, changed = _step("write", root, data, FILES)
        (searching,) = _step("search", root, data)
        size = sum(file.stat().st_blocks * 512 for file in data.rglob("*") if file.is_file()) / 1e6
    passages = written["embedded"]
    lost = killed["embedded"] - resumed["kept"]
    if resumed["embedded"] + resumed["kept"] != passages or lost > 0:
        raise RuntimeError(f"a killed run was not gone on with: {killed}, {resumed}")
    if changed["embedded"] > MOST_OF_A_FILE or changed["embedded"] + changed["kept"] != searching["passages"]:
        raise RuntimeError(f"more than the changed file was embedded: {changed}")
    head = (
        f"## Ingest at size\n\n{FILES:,} Markdown files of {megabytes:.0f} MB, {passages:,} passages, made "
        "by a seeded generator whose words follow Zipf's law, into the built-in index "
        f"({size:.0f} MB). **The built-in model embedded {embedding['passages']:,} of them, and its rate is "
        "taken for all**; everything else was measured on all of them, with seeded vectors of the "
        "benchmark's own (384 dimensions, the sum of a direction for each word), which cost next to "
        "nothing.\n\n"
    )
    return head + "\n\n".join(
        [
            _shares(passages, reading[-1]["seconds"], embedding, written),
            _memory(reading, writing),
            _runs(killed, resumed, changed, searching),
        ]
    )


def _shares(passages: int, reading: float, embedding: Figures, written: Figures) -> str:
    """Writing is what a run takes beyond reading and the seeded vectors."""
    model = passages * embedding["seconds"] / embedding["passages"]
    publishing = written["published"]
    seconds = {
        "read: parse, split, count tokens": reading,
        f"embed with the built-in model ({embedding['cores']:.1f} cores busy)": model,
        "write: terms, engine": written["seconds"] - publishing - written["embedding"] - reading,
        "publish: merge segments, build the graph": publishing,
    }
    whole = sum(seconds.values())
    rows = [
        [name, f"{each:,.0f} s", f"{passages / each:,.0f}", f"{each / whole:.1%}"]
        for name, each in (seconds | {"together": whole}).items()
    ]
    return table(["step", "all passages", "passages/s", "share"], rows)


def _memory(reading: list[Figures], writing: list[Figures]) -> str:
    rows = [
        [
            f"{share:.0%}",
            _megabytes(_at(reading, share), "rss"),
            _megabytes(_at(writing, share), "rss"),
            _megabytes(_at(writing, share), "anonymous"),
        ]
        for share in (0.1, 0.5, 1)
    ]
    columns = [
        "of the files",
        "reading alone, RSS",
        "ingest, RSS with the engine's mapped files",
        "without them",
    ]
    return table(columns, rows)


def _runs(killed: Figures, resumed: Figures, changed: Figures, searching: Figures) -> str:
    first, then = searching["first"], searching["then"]
    rows = [
        [
            f"`kill -9` when {killed['embedded']:,} passages were told to be embedded, then run again",
            f"{resumed['kept']:,} kept, {resumed['embedded']:,} embedded",
            "nothing that was written is embedded again",
        ],
        [
            "run again after a change of one file",
            f"{changed['seconds']:.1f} s: {changed['embedded']} embedded, {changed['removed']} removed",
            "seconds; that file only",
        ],
        [
            "hybrid search, the first 200 of a process, p50 / p99",
            f"{first['p50'] * 1000:.1f} / {first['p99'] * 1000:.0f} ms",
            "p50 < 20 ms",
        ],
        [
            "hybrid search, the next 800",
            f"{then['p50'] * 1000:.1f} / {then['p99'] * 1000:.0f} ms",
            "p50 < 20 ms",
        ],
    ]
    return table(["", "", "aim"], rows)


def _at(lines: list[Figures], share: float) -> Figures:
    return next(line for line in lines if line["files"] >= share * FILES)


def _megabytes(line: Figures, name: str) -> str:
    return f"{line[name] / 1e6:.0f} MB"


def _step(*arguments: object) -> Iterator[Figures]:
    with _started(*arguments) as process:
        yield from map(json.loads, process.stdout or ())
    if process.returncode:
        raise RuntimeError(f"the step {arguments[0]} failed")


def _killed(root: Path, data: Path) -> Figures:
    """What a run that was killed told last."""
    with _started("write", root, data, FILES) as process:
        for line in map(json.loads, process.stdout or ()):
            if line["files"] >= KILLED_AT * FILES:
                process.kill()
                break
    return line


def _started(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.ingesting", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
