"""The page of a dry run: what every factor drew, beside what the recipe declares. Self-contained HTML."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2

from renderer.catalog.assets import asset_path
from renderer.inspect.estimate import estimate_lines
from renderer.inspect.recipes import FIXED, OFF, FactorRow, factor_rows
from renderer.inspect.statistics import FactorTally, Statistics
from renderer.inspect.tallies import Colors, Numbers, Values
from renderer.recipe.keys import Kind, Level
from renderer.recipe.schema import Recipe

TEMPLATE = "pages/factors.html.jinja"
WIDTH, HEIGHT = 300.0, 70.0  # of a histogram's view box
HEADROOM = 1.1  # of the highest bar
MOST_ROWS = 13  # values beyond which bars stand side by side

EMPTY_CHART = {"bars": (), "line": "", "rows": (), "swatches": (), "is_log": False}

Card = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A histogram: the drawn share of each bin, the declared one where there is one, and the bins' names."""

    shares: Sequence[float]
    declared: Sequence[float] | None
    names: Sequence[str]


def factor_page(recipe: Recipe, statistics: Statistics, cost: Mapping[str, Any]) -> str:
    """The page as HTML.

    Args:
        cost: see `renderer.inspect.estimate.estimate`.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(asset_path(TEMPLATE).read_text(encoding="utf-8"))
    rows = list(factor_rows(recipe))
    return template.render(
        name=recipe.name,
        seed=recipe.seed,
        costs=estimate_lines(cost).items(),
        levels=[_level(level, rows, statistics) for level in Level],
        off=[row.name for row in rows if row.state == OFF],
    )


def _level(level: Level, rows: Sequence[FactorRow], statistics: Statistics) -> dict[str, Any]:
    """What a level shows: cards of what varies, by group, and a table of what is fixed."""
    own = [row for row in rows if row.state != OFF and row.level.partition(",")[0] == level.value]
    groups: dict[str, list[Card]] = {}
    for row in own:
        if row.state != FIXED:
            groups.setdefault(_group_of(row.name), []).append(_card(row, statistics.tallies[row.name]))
    return {
        "name": level.value,
        "groups": [{"name": name, "cards": cards} for name, cards in groups.items()],
        "fixed": [row for row in own if row.state == FIXED],
    }


def _group_of(name: str) -> str:
    """The first parts of a name: `objects.die`, `lighting.lights.lamp`, `camera`."""
    parts = name.split(".")
    depth = {"objects": 2, "lighting": 3}.get(parts[0], 1)
    return ".".join(parts[: min(depth, len(parts) - 1)])


def _card(row: FactorRow, counted: FactorTally) -> Card:
    tally = counted.tally
    card: Card = {
        "name": row.name,
        "short": row.name.removeprefix(f"{_group_of(row.name)}."),
        "unit": row.unit,
        "help": row.help,
        "declared": row.value,
        "figures": _figures(counted),
        **EMPTY_CHART,
    }
    if isinstance(tally, Numbers) and tally.draws:
        card |= _numbers(tally, counted)
    elif isinstance(tally, Values) and tally.draws:
        card |= _values(tally, counted)
    elif isinstance(tally, Colors):
        card["swatches"] = tally.swatches
    return card


def _figures(counted: FactorTally) -> str:
    tally = counted.tally
    off = f", {counted.off} off" if counted.off else ""
    if not tally.draws:
        return f"no draws{off}"
    if isinstance(tally, Numbers):
        low, middle, high = (tally.quantile(share) for share in (0.05, 0.5, 0.95))
        return f"{tally.draws} draws{off}; 5, 50, 95 % below {low:.4g}, {middle:.4g}, {high:.4g}"
    first = f", the first {len(tally.swatches)} shown" if isinstance(tally, Colors) else ""
    return f"{tally.draws} draws{off}{first}"


def _numbers(tally: Numbers, counted: FactorTally) -> Card:
    edges, declared = tally.edges(), counted.declared
    names = [f"{low:.4g} to {high:.4g}" for low, high in itertools.pairwise(edges)]
    shares = [count / tally.draws for count in tally.counts()]
    bars = Bars(shares=shares, declared=declared if isinstance(declared, list) else None, names=names)
    unit = {Kind.DIRECTION: " deg from +Z", Kind.ROTATION: " deg"}.get(counted.factor.spec.kind, "")
    ends = {"low": f"{edges[0]:.4g}", "high": f"{edges[-1]:.4g}{unit}", "is_log": tally.is_log}
    return _drawn(bars) | ends


def _values(tally: Values, counted: FactorTally) -> Card:
    declared = counted.declared
    weights = declared if isinstance(declared, dict) else {}
    counts = {str(value): count for value, count in tally.counts.items()}
    names = list(weights) + sorted(set(counts) - set(weights))
    shares = [counts.get(name, 0) / tally.draws for name in names]
    expected = [weights.get(name) for name in names]
    if len(names) > MOST_ROWS and None not in expected:
        bars = Bars(shares=shares, declared=[e or 0.0 for e in expected], names=names)
        return _drawn(bars) | {"low": names[0], "high": names[-1]}
    longest = max([*shares, *(e or 0.0 for e in expected)])
    rows = zip(names, shares, expected, strict=True)
    return {"rows": [_row(counted, name, share, mark, longest) for name, share, mark in rows]}


def _row(counted: FactorTally, name: str, share: float, mark: float | None, longest: float) -> dict[str, Any]:
    return {
        "value": name,
        "color": name if counted.factor.spec.kind is Kind.COLOR else "",
        "percent": f"{100 * share / longest:.1f}",
        "mark": None if mark is None else f"{100 * mark / longest:.1f}",
        "text": f"{100 * share:.1f} %",
    }


def _drawn(bars: Bars) -> Card:
    """The rectangles, and the line of what is declared, in the view box."""
    highest = HEADROOM * max([*bars.shares, *(bars.declared or ())])
    return {
        "bars": list(_rectangles(bars, highest)),
        "line": "" if bars.declared is None else _line(bars.declared, highest),
    }


def _rectangles(bars: Bars, highest: float) -> Iterator[dict[str, Any]]:
    step = WIDTH / len(bars.shares)
    for number, (share, name) in enumerate(zip(bars.shares, bars.names, strict=True)):
        height = HEIGHT * share / highest
        yield {
            "x": f"{number * step + 0.5:.2f}",
            "y": f"{HEIGHT - height:.2f}",
            "width": f"{step - 1:.2f}",
            "height": f"{height:.2f}",
            "title": f"{name}: {100 * share:.2g} %",
        }


def _line(declared: Sequence[float], highest: float) -> str:
    """A step over each bin: what is declared is the share of the bin, not a density within it."""
    step = WIDTH / len(declared)
    heights = [HEIGHT - HEIGHT * share / highest for share in declared]
    corners = ((x, y) for number, y in enumerate(heights) for x in (number * step, (number + 1) * step))
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in corners)
