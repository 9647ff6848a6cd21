"""Plots from benchmarks/figures.json: `python draw.py FIGURES DIRECTORY`. Needs matplotlib alone."""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")

from matplotlib import pyplot as plt

READERS = "readers who ask at once"


def streams(data: dict[str, Any], file: Path) -> None:
    """Added first-token time and deltas a second by the number of readers."""
    figure, (first, deltas) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for name, figures in data["figures"].items():
        added = [max(each["first_p50"] - data["first_ms"], 0.1) for each in figures]
        first.plot(data["readers"], added, marker="o", label=name)
        deltas.plot(data["readers"], [each["deltas_per_s"] for each in figures], marker="o", label=name)
    _axes(first, "added to the first token, p50 [ms]", logarithmic=True)
    _axes(deltas, "deltas a second")
    figure.savefig(file, dpi=100)


def peers(data: dict[str, dict[str, float]], file: Path) -> None:
    """The same for every peer."""
    figure, (first, deltas) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for name, figures in data.items():
        for axes, prefix in ((first, "added to the first token, p50, "), (deltas, "deltas/s, ")):
            points = [
                (int(key.removeprefix(prefix).split()[0]), value)
                for key, value in figures.items()
                if key.startswith(prefix) and value is not None
            ]
            points.sort()
            axes.plot([x for x, _ in points], [max(y, 0.1) for _, y in points], marker="o", label=name)
    _axes(first, "added to the first token, p50 [ms]", logarithmic=True)
    _axes(deltas, "deltas a second")
    figure.savefig(file, dpi=100)


def _axes(axes: Any, title: str, *, logarithmic: bool = False) -> None:
    axes.set(title=title, xlabel=READERS, xscale="log")
    asked = sorted({int(x) for line in axes.get_lines() for x in line.get_xdata()})
    axes.set_xticks(asked, labels=[str(each) for each in asked])
    axes.minorticks_off()
    if logarithmic:
        axes.set_yscale("log")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()


DRAWN = {"streams": streams, "peers": peers}


def main() -> None:
    kept = json.loads(Path(sys.argv[1]).read_text())
    for name, draw in DRAWN.items():
        if name in kept:
            draw(kept[name], Path(sys.argv[2]) / f"{name}.png")
            print(name)


main()
