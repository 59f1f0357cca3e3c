"""Recipes as text: the whole of one, the table of its factors, and what differs between two."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from renderer.inspect.idle import idle_factors
from renderer.recipe.entries import Entry, comment_text, iter_entries, range_text
from renderer.recipe.keys import FactorSpec
from renderer.recipe.schema import Recipe
from renderer.recipe.syntax import value_text

COMMENT_COLUMN = 56  # where comments stand, unless what they comment on is longer
OFF, FIXED, VARIES = "off", "fixed", "varies"


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorRow:
    """A factor as a table shows it; `state` is off, fixed or varies."""

    name: str
    state: str
    value: str
    unit: str
    range: str
    level: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What differs between two recipes, one line a key."""

    changed: tuple[str, ...]
    only_left: tuple[str, ...]
    only_right: tuple[str, ...]


def recipe_yaml(recipe: Recipe) -> str:
    """A recipe as YAML that is read as the same recipe, each key with its range, unit and help."""
    lines: list[str] = []
    open_groups: list[str] = []
    for entry in iter_entries(recipe):
        *groups, name = entry.key.split(".")
        opened = range(_shared_length(open_groups, groups), len(groups))
        lines.extend(f"{'  ' * depth}{value_text(groups[depth])}:" for depth in opened)
        open_groups = groups
        lines.append(_commented(f"{'  ' * len(groups)}{value_text(name)}: {entry.text}", entry))
    return "\n".join(lines) + "\n"


def _shared_length(left: Sequence[str], right: Sequence[str]) -> int:
    pairs = zip(left, right, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))


def _commented(line: str, entry: Entry) -> str:
    return line if entry.spec is None else f"{line:<{COMMENT_COLUMN}}  # {comment_text(entry.spec)}"


def factor_rows(recipe: Recipe) -> Iterator[FactorRow]:
    """A row for each factor, in the order of the schema."""
    idle = idle_factors(recipe)
    conditions: dict[str, str] = {}
    for name, condition in recipe.conditions.items():
        conditions[condition.factor] = f"{conditions.get(condition.factor, '')} or conditions.{name}"
    for entry in iter_entries(recipe):
        if isinstance(entry.spec, FactorSpec):
            yield FactorRow(
                name=entry.key,
                state=OFF
                if entry.key in idle
                else VARIES
                if entry.key in conditions
                else _state(entry.value),
                value=entry.text + conditions.get(entry.key, ""),
                unit=entry.unit,
                range=range_text(entry.spec),
                level=entry.level,
                help=entry.help,
            )


def _state(value: Any) -> str:
    """Of a factor by its value in factor syntax; a range without width varies: it is declared to."""
    if value is None:
        return OFF
    is_drawn = isinstance(value, list) and isinstance(value[0], str) and value[0] != "constant"
    return VARIES if is_drawn else FIXED


def recipe_difference(left: Iterable[Entry], right: Iterable[Entry]) -> Difference:
    """What differs between two recipes, in the order of the left one and then of the right one."""
    old, new = ({entry.key: entry for entry in entries} for entries in (left, right))
    common = [key for key in old if key in new]
    return Difference(
        changed=tuple(
            f"{key}: {old[key].text} -> {new[key].text}"
            for key in common
            if old[key].content != new[key].content
        ),
        only_left=_lines(old, new),
        only_right=_lines(new, old),
    )


def _lines(entries: Mapping[str, Entry], others: Mapping[str, Entry]) -> tuple[str, ...]:
    """What the others lack; an empty map is nothing."""
    return tuple(
        f"{key}: {entry.text}" for key, entry in entries.items() if key not in others and entry.content != {}
    )
