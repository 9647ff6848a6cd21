"""docs/requirements.md names every requirement, and only tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "requirements.md").read_text()
NAMED = sorted(set(re.findall(r"(tests/[\w/]+\.py)::(\w+)", TEXT)))
FILES = sorted(set(re.findall(r"`((?:huggingface-spaces|backend)/[\w./-]*)`", TEXT)))


@pytest.mark.parametrize(("file", "function"), NAMED)
def test_every_test_that_is_named_exists(file: str, function: str):
    tree = ast.parse((ROOT / file).read_text())
    assert function in {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("file", FILES)
def test_every_file_that_is_named_exists(file: str):
    assert (ROOT / file).exists()


def test_every_requirement_has_its_row():
    rows = re.findall(r"^\| ((?:FR|SC)-\d{3}) \|", TEXT, re.MULTILINE)
    assert rows == [f"FR-{n:03}" for n in range(1, 18)] + [f"SC-{n:03}" for n in range(1, 12)]


def test_every_row_names_a_proof_or_what_is_missing_for_it():
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "---" not in line]
    proofs = [row.strip("| ").rsplit(" | ", 1)[-1] for row in rows]
    assert len(proofs) > 40
    assert [proof for proof in proofs if not re.search(r"`|\]\(|needs a real|open:|^proof$", proof)] == []
