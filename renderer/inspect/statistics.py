"""Figures of draws: what every factor took, counted while scenes are drawn."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from renderer.inspect.declared import declared_shares, declared_weights, when_on
from renderer.inspect.tallies import Colors, Numbers, Tally, Values, hex_color
from renderer.recipe.distributions import (
    AxisRotation,
    Choice,
    Constant,
    DirectionCap,
    Distribution,
    Integer,
    LogUniform,
    Range,
)
from renderer.recipe.keys import Factor, Kind
from renderer.recipe.schema import Recipe
from renderer.recipe.syntax import syntax_text
from renderer.recipe.validation import iter_factors

ROUNDING_DEG = 1e-6
MOST_VALUES = 40  # of a range of whole numbers that is counted one by one


@dataclass(slots=True, kw_only=True)
class FactorTally:
    """What one factor drew.

    Attributes:
        read: from a draw to what is tallied.
        off: how many draws were null.
    """

    factor: Factor
    tally: Tally
    read: Callable[[Any], Any]
    off: int = 0

    def add(self, value: Any) -> None:
        """Count a draw."""
        if value is None:
            self.off += 1
        else:
            self.tally.add(self.read(value))

    @property
    def declared(self) -> list[float] | dict[Any, float] | None:
        """The declared share of each bin or of each value, where there is one."""
        if isinstance(self.tally, Numbers):
            return declared_shares(self.factor.distribution, self.tally.edges())
        return declared_weights(self.factor.distribution, _FORMS.get(self.factor.spec.kind, _as_it_is))

    def describe(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Figures by the factor's name, of colours by component: `color.0` is linear red."""
        spec = self.factor.spec
        about: dict[str, Any] = {"declared": syntax_text(self.factor.distribution), "level": spec.level.value}
        about |= ({"unit": spec.unit} if spec.unit else {}) | ({"off": self.off} if self.off else {})
        if isinstance(self.tally, Colors):
            for number, channel in enumerate(self.tally.channels):
                yield f"{self.factor.name}.{number}", about | channel.describe()
        else:
            yield self.factor.name, about | self.tally.describe()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Tallies of all factors of a recipe; memory does not grow with the number of draws."""

    tallies: Mapping[str, FactorTally] = field(default_factory=dict)

    def add(self, draws: Mapping[str, Any]) -> None:
        """Count the draws of a scene, a view or a shot, by name or `name[slot]`."""
        for key, value in draws.items():
            self.tallies[key.partition("[")[0]].add(value)

    def describe(self) -> dict[str, dict[str, Any]]:
        """Figures of every factor that was drawn."""
        drawn = (tally for tally in self.tallies.values() if tally.tally.draws or tally.off)
        return dict(sorted(pair for tally in drawn for pair in tally.describe()))


def open_statistics(recipe: Recipe) -> Statistics:
    """Empty tallies of every factor of a recipe, with bins over what it declares."""
    others: dict[str, list[Distribution]] = {}
    for condition in recipe.conditions.values():
        others.setdefault(condition.factor, []).append(condition.draw)
    return Statistics(tallies={f.name: _tally_of(f, others.get(f.name, ())) for f in iter_factors(recipe)})


def _tally_of(factor: Factor, others: Sequence[Distribution]) -> FactorTally:
    """A tally that has room for what the factor draws by itself, and under its conditions."""
    own, kind = when_on(factor.distribution), factor.spec.kind
    drawn_from = [d for d in map(when_on, (own, *others)) if d != Constant(value=None)]
    are_discrete = all(isinstance(d, Choice | Constant) or _is_short(d) for d in drawn_from)
    if kind is Kind.COLOR:
        if are_discrete:
            return FactorTally(factor=factor, tally=Values(), read=hex_color)
        return FactorTally(factor=factor, tally=Colors(), read=_as_it_is)
    if kind is Kind.DIRECTION:
        low, high = (own.low, own.high) if isinstance(own, DirectionCap) and not others else (0.0, 180.0)
        return FactorTally(factor=factor, tally=Numbers(low=low, high=high), read=polar_deg)
    if kind is Kind.ROTATION:
        return _rotation_tally(factor, own if not others else None)
    if are_discrete or kind not in (Kind.NUMBER, Kind.INTEGER):
        return FactorTally(factor=factor, tally=Values(), read=_as_it_is)
    bounds = [bound for d in drawn_from for bound in _bounds(d)]
    is_log = isinstance(own, LogUniform) and min(bounds) > 0
    numbers = Numbers(low=min(bounds), high=max(bounds) + (kind is Kind.INTEGER), is_log=is_log)
    return FactorTally(factor=factor, tally=numbers, read=_as_it_is)


def _is_short(distribution: Distribution) -> bool:
    return isinstance(distribution, Integer) and distribution.high - distribution.low < MOST_VALUES


def _bounds(distribution: Distribution) -> list[float]:
    if isinstance(distribution, Constant):
        return [distribution.value]
    if isinstance(distribution, Choice):
        return list(distribution.options)
    assert isinstance(distribution, Range), "numbers are drawn from ranges"
    return [distribution.low, distribution.high]


def _rotation_tally(factor: Factor, own: Distribution | None) -> FactorTally:
    """Of the angle about the declared axis where that stays within a turn, else of the angle alone."""
    if isinstance(own, AxisRotation) and own.high - own.low <= 360:
        low, axis = own.low, own.axis
        numbers = Numbers(low=low, high=own.high)
        return FactorTally(factor=factor, tally=numbers, read=lambda q: angle_about_deg(q, axis, low))
    return FactorTally(factor=factor, tally=Numbers(low=0.0, high=180.0), read=rotation_deg)


def _as_it_is(value: Any) -> Any:
    return value


_FORMS: Mapping[Kind, Callable[[Any], Any]] = {Kind.NUMBER: float, Kind.INTEGER: int, Kind.COLOR: str.lower}


def polar_deg(direction: Sequence[float]) -> float:
    """The angle of a unit vector from +Z, degrees."""
    x, y, z = direction
    return math.degrees(math.atan2(math.hypot(x, y), z))


def rotation_deg(quaternion: Sequence[float]) -> float:
    """The angle of a rotation, in [0, 180] degrees."""
    w, x, y, z = quaternion
    return math.degrees(2 * math.atan2(math.hypot(x, y, z), abs(w)))


def angle_about_deg(quaternion: Sequence[float], axis: Sequence[float], low_deg: float) -> float:
    """The angle of a rotation about an axis, in [low, low + 360) degrees but for rounding."""
    w, *xyz = quaternion
    along = sum(v * a for v, a in zip(xyz, axis, strict=True))
    angle = math.degrees(2 * math.atan2(along / math.hypot(*axis), w))
    past_low = (angle - low_deg) % 360
    return low_deg + (past_low if past_low < 360 - ROUNDING_DEG else past_low - 360)
