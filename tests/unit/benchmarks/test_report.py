"""Sections of the report, and the ratios in it."""

from pathlib import Path

from benchmarks.comparison import Measure
from benchmarks.report import write_report


def test_a_section_that_is_measured_again_replaces_itself_alone(tmp_path: Path) -> None:
    results = tmp_path / "RESULTS.md"
    write_report("start", "## Start\n\n1 s", "here", results)
    write_report("image", "## Image\n\n100 MB", "here", results)

    write_report("start", r"## Start\n, 2 s", "there", results)

    text = results.read_text()
    assert "1 s" not in text
    assert text.index(r"## Start\n, 2 s") < text.index("there,") < text.index("100 MB")


def test_a_ratio_above_one_says_that_ragspace_is_better_whichever_way_is_better() -> None:
    assert Measure("first token", " ms").ratio(ours=10, theirs=25) == "2.5"
    assert Measure("streams", "", more_is_better=True).ratio(ours=300, theirs=100) == "3.0"
    assert Measure("installed", " MB").ratio(ours=200, theirs=100) == "0.5"


def test_nothing_is_a_multiple_of_nothing() -> None:
    assert Measure("streams", "", more_is_better=True).ratio(ours=300, theirs=0) == "–"
    assert Measure("memory", " kB").ratio(ours=10, theirs=float("nan")) == "–"
