"""Environments of the benchmarks' own, beside the product's: made when they are first needed.

Each is made from a requirements file with hashes and lies in .venv, so that `make clean` removes it.
"""

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import orjson

ROOT = Path(__file__).parent.parent
UV = Path(sys.executable).with_name("uv")

SIZE = """
import json, re, sys
from importlib.metadata import distributions
wanted = set(json.loads(sys.argv[1]))
total = 0
for each in distributions():
    if re.sub(r"[-_.]+", "-", each.name).lower() in wanted:
        for file in each.files or ():
            path = file.locate()
            if file.suffix != ".pyc" and path.is_file():
                total += path.stat().st_size
print(total)
"""


def python_with(requirements: Path) -> Path:
    """The interpreter of an environment that holds what `requirements` pins; installed where it is not."""
    text = requirements.read_bytes()
    directory = ROOT / ".venv" / "benchmarks" / hashlib.sha256(text).hexdigest()[:12]
    python, done = directory / "bin" / "python", directory / ".done"
    if not done.exists():
        _run([UV, "venv", "--quiet", "--clear", "--python", sys.executable, directory])
        # Copied, not linked to the installer's cache: nltk refuses to read a file with two names.
        options = ["--quiet", "--link-mode", "copy", "--no-deps", "--require-hashes"]
        _run([UV, "pip", "install", *options, "--python", python, "-r", requirements])
        done.touch()
    return python


def installed_mb(python: Path, requirements: Path) -> float:
    """Megabytes of the files of what `requirements` pins, as installed for `python`, without bytecode."""
    lines = (line.split("==")[0] for line in requirements.read_text().splitlines() if "==" in line)
    names = orjson.dumps(sorted({line.strip().lower() for line in lines})).decode()
    shown = subprocess.run([python, "-c", SIZE, names], check=True, capture_output=True)
    return int(shown.stdout) / 1e6


def versions(python: Path, packages: Sequence[str]) -> str:
    """The packages with their versions, as a sentence has them."""
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    shown = subprocess.run([python, "-c", code, *packages], check=True, capture_output=True, text=True)
    return ", ".join(f"{name} {number}" for name, number in zip(packages, shown.stdout.split(), strict=True))


def _run(command: list[str | Path]) -> None:
    subprocess.run(command, check=True)
