"""AP of several sets of images against what each of them costs, as a picture.

    python scripts/draw_curves.py outputs/ab/comparison.json docs/images/samples.png \
        --x 'seconds of one core a frame' \
        --line raw=samples_2:0.5,samples_4:0.9 --line denoised=samples_2_denoised:0.6,samples_4_denoised:1.0

The first file is what `scripts/compare_renders.py` wrote. A line is NAME=SET:X,SET:X,...; bars are the 95 %
intervals over photographs and seeds.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

Line = list[tuple[str, float]]


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("comparison", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--x", required=True, help="what the numbers of the lines are, with their unit")
    parser.add_argument("--line", action="append", required=True, metavar="NAME=SET:X,...", type=line_of)
    given = parser.parse_args()
    arms = json.loads(given.comparison.read_bytes())["all"]["arms"]
    draw(arms, dict(given.line), given.x, given.picture)
    print(given.picture)


def line_of(text: str) -> tuple[str, Line]:
    """A line's name and points."""
    name, _, points = text.partition("=")
    try:
        pairs = [point.rsplit(":", 1) for point in points.split(",")]
        return name, [(arm, float(x)) for arm, x in pairs]
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be NAME=SET:X,SET:X, got '{text}'") from None


def draw(arms: Mapping[str, Any], lines: Mapping[str, Line], label: str, path: Path) -> None:
    """Write AP50-95 of each point with its interval, and one colour a line."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - after the backend was chosen

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for name, points in lines.items():
        xs = [x for _, x in points]
        middle, below, above = errors([arms[arm]["ap"] for arm, _ in points])
        axes.errorbar(xs, middle, yerr=[below, above], marker="o", capsize=3, label=name)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set(xlabel=label, ylabel="AP50-95 on photographs", ylim=(0, None))
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def errors(estimates: Sequence[Mapping[str, Any]]) -> tuple[list[float], list[float], list[float]]:
    """AP points, and how far the intervals reach below and above."""
    middle = [100 * found["value"] for found in estimates]
    below = [m - 100 * found["interval"][0] for m, found in zip(middle, estimates, strict=True)]
    above = [100 * found["interval"][1] - m for m, found in zip(middle, estimates, strict=True)]
    return middle, below, above


if __name__ == "__main__":
    main()
