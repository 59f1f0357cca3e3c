"""Tables for people: average precision in points, which are hundredths."""

from collections.abc import Mapping, Sequence
from math import isfinite

from train_eval.evaluation.bootstrap import Estimate, Interval
from train_eval.evaluation.metrics import Metrics

NOTHING = "-"
TITLES = {"ap": "AP50-95", "ap50": "AP50", "ap75": "AP75"}


def metrics_table(metrics: Metrics) -> list[str]:
    """Lines: AP of all boxes and by size, then of each category."""
    sizes = [
        ("all", metrics.ap, metrics.ap50, metrics.ap75, metrics.ar100),
        ("small", metrics.ap_small, None, None, metrics.ar_small),
        ("medium", metrics.ap_medium, None, None, metrics.ar_medium),
        ("large", metrics.ap_large, None, None, metrics.ar_large),
    ]
    by_size = [["size", "AP", "AP50", "AP75", "AR100"]]
    by_size += [[name, *(points(number) for number in numbers)] for name, *numbers in sizes]
    by_category = [["category", "AP", "AP50", "boxes"]]
    by_category += [
        [name, points(each.ap), points(each.ap50), str(each.truth)]
        for name, each in metrics.categories.items()
    ]
    return [*aligned(by_size), "", *aligned(by_category)]


def gap_table(rows: Mapping[str, Mapping[str, Estimate]]) -> list[str]:
    """Lines: AP50-95, AP50 and AP75 of each arm or difference, with 95 % intervals."""
    cells = [["", *(f"{title} [95 %]" for title in TITLES.values())]]
    cells += [[name, *(estimate_points(row[key]) for key in TITLES)] for name, row in rows.items()]
    return aligned(cells)


def interval_lines(metrics: Metrics, intervals: Mapping[str, Interval]) -> list[str]:
    """Lines such as `AP50-95  41.3 [38.0, 44.1]`: what it might be on other photographs of this kind."""
    rows = [["all", "AP [95 %]"]]
    for key, title in TITLES.items():
        value = getattr(metrics, key)
        low, high = points(intervals[key].low), points(intervals[key].high)
        rows.append([title, f"{points(value)} [{low}, {high}]"])
    return aligned(rows)


def points(fraction: float | None) -> str:
    """Such as '41.3'; '-' where there is nothing to say."""
    return NOTHING if fraction is None or not isfinite(fraction) else f"{100 * fraction:.1f}"


def estimate_points(estimate: Estimate) -> str:
    """Such as '41.3 [38.0, 44.1]'."""
    return f"{points(estimate.value)} [{points(estimate.low)}, {points(estimate.high)}]"


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns two spaces apart; the first one to the left, numbers to the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in rows
    ]
