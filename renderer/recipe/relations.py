"""What relates factors to each other: conditions, correlations and constraints, read and checked."""

import graphlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from renderer.errors import RecipeError, nearest_first
from renderer.recipe.distributions import (
    BlackBody,
    Choice,
    Constant,
    Distribution,
    Integer,
    LogUniform,
    Sometimes,
    TruncatedNormal,
    Uniform,
    can_draw,
)
from renderer.recipe.expressions import EXAMPLE, Expression, check_writable, read_expression
from renderer.recipe.factors import parse_factor
from renderer.recipe.keys import Factor, FactorSpec, Kind, SettingSpec
from renderer.recipe.schema import Condition, Correlation, Recipe
from renderer.recipe.scopes import finest, scope_of
from renderer.recipe.settings import is_number, show

_ORDERED = (Uniform, LogUniform, TruncatedNormal, Integer, BlackBody)


def parse_relations(recipe: Recipe) -> Recipe:
    """Read the conditions, correlations and constraints of a recipe, which are still as they were given.

    What is null was taken back, and is left out.

    Raises:
        RecipeError: one sentence that names the key, what is wrong and a way out.
    """
    names = names_of(recipe)
    conditions = _parse_all("conditions", recipe.conditions, lambda v, key: _condition(v, key, names))
    correlations = _parse_all("correlations", recipe.correlations, lambda v, key: _correlation(v, key, names))
    constraints = _parse_all("constraints", recipe.constraints, lambda v, key: _constraint(v, key, names))
    recipe = replace(recipe, conditions=conditions, correlations=correlations, constraints=constraints)
    _check_reachable(conditions)
    _check_circles(parents_of(conditions, names))
    _check_correlated(recipe, names)
    return recipe


def draws_of(recipe: Recipe, factor: Factor) -> list[Distribution]:
    """What a factor is drawn from: what its own key says, then what conditions say."""
    return [factor.distribution, *(c.draw for c in recipe.conditions.values() if c.factor == factor.name)]


def may_draw(recipe: Recipe, factor: Factor, value: Any) -> bool:
    """Whether a factor of names or flags can come to a value, by itself or where a condition holds."""
    return any(can_draw(draw, value) for draw in draws_of(recipe, factor))


def _parse_all(key: str, given: Mapping[str, Any], parse: Callable[[Any, str], Any]) -> dict[str, Any]:
    there = {name: value for name, value in given.items() if value is not None}
    return {name: parse(value, f"{key}.{name}") for name, value in there.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the dotted keys of a recipe are.

    Attributes:
        off: why those that are not drawn are not.
    """

    factors: Mapping[str, Factor]
    off: Mapping[str, str]
    settings: frozenset[str]

    def factor(self, name: Any, where: str) -> Factor:
        """The factor of a name.

        Raises:
            RecipeError: there is none, or it is off.
        """
        if not isinstance(name, str):
            raise RecipeError(f"{where} must be the name of a factor, got {show(name)}")
        if name in self.off:
            raise RecipeError(f"{where}: {name} is off, since {self.off[name]}")
        if name in self.settings:
            raise RecipeError(f"{where}: {name} is a setting, which is fixed, and not a factor")
        if name not in self.factors:
            nearest = nearest_first(name, self.factors.keys() | self.off.keys())[0]
            raise RecipeError(f"{where}: factor '{name}' is unknown; did you mean '{nearest}'?")
        return self.factors[name]

    def settled_factor(self, name: str, where: str) -> Factor:
        """The factor of a name that others may depend on.

        Raises:
            RecipeError: there is none, it is off, or it is drawn again later.
        """
        factor = self.factor(name, where)
        if factor.spec.until:
            raise RecipeError(f"{where}: {name} cannot be used, for it is drawn again {factor.spec.until}")
        return factor

    def expression(self, text: Any, where: str) -> Expression:
        """A condition or constraint over factors that others may depend on.

        Raises:
            RecipeError: see `read_expression`.
        """
        check_writable(text, where, self.factors)
        return read_expression(text, where, lambda name: self._named_factor(name, where))

    def _named_factor(self, name: str, where: str) -> Factor:
        if "." not in name:
            raise RecipeError(
                f"{where}: factor '{name}' is unknown: factors have dots in their names, others are quoted"
            )
        return self.settled_factor(name, where)


def names_of(recipe: Recipe) -> Names:
    """What the dotted keys of a parsed recipe are."""
    factors: dict[str, Factor] = {}
    off: dict[str, str] = {}
    settings: set[str] = set()
    for name, spec, value in _slots(recipe, ""):
        if isinstance(spec, SettingSpec):
            settings.add(name)
        elif value is None:
            off[name] = "it is null: give it a value or a distribution"
        else:
            factors[name] = value
    for name, factor in factors.items():
        needs = f"{name.rpartition('.')[0]}.{factor.spec.needs}"
        if needs in off:
            off[name] = f"{needs} is null"
    return Names(factors=factors, off=off, settings=frozenset(settings))


def _slots(node: Any, path: str) -> Iterator[tuple[str, FactorSpec | SettingSpec, Any]]:
    """Dotted key, specification and value of every factor and setting, those in maps too."""
    for field in fields(node):
        value, name = getattr(node, field.name), f"{path}{field.name}"
        if "spec" in field.metadata:
            yield name, field.metadata["spec"], value
        elif "group" in field.metadata:
            yield from _slots(value, f"{name}.")
        elif "open" not in field.metadata:
            for key, item in value.items():
                yield from _slots(item, f"{name}.{key}.")


def _group(given: Any, where: str, keys: Mapping[str, str]) -> Mapping[str, Any]:
    """A group that has all of the keys and no other; `keys` says what they hold."""
    if not isinstance(given, Mapping):
        raise RecipeError(f"{where} must be a group of {', '.join(keys)}, got {show(given)}")
    for key in given:
        if key not in keys:
            nearest = nearest_first(str(key), keys)[0]
            raise RecipeError(f"key '{where}.{key}' is unknown; did you mean '{where}.{nearest}'?")
    for key, meaning in keys.items():
        if key not in given:
            raise RecipeError(f"{where}.{key} must be given: {meaning}")
    return given


def _condition(given: Any, where: str, names: Names) -> Condition:
    keys = {
        "factor": "the factor that is drawn otherwise, such as camera.tilt_deg",
        "when": f"where it is, such as {EXAMPLE}",
        "draw": "a value or a distribution",
    }
    group = _group(given, where, keys)
    factor = names.factor(group["factor"], f"{where}.factor")
    when = names.expression(group["when"], f"{where}.when")
    scope = scope_of(factor)
    for parent in when.factors:
        if not scope.sees(scope_of(names.factors[parent])):
            raise RecipeError(_unseen(f"{where}.when", names.factors[parent], factor))
    return Condition(
        factor=factor.name, when=when.text, draw=_parse_draw(factor.spec, group["draw"], f"{where}.draw")
    )


def _unseen(where: str, unseen: Factor, factor: Factor) -> str:
    return (
        f"{where}: {factor.name} is drawn {scope_of(factor)} and cannot depend on {unseen.name}, which is "
        f"drawn {scope_of(unseen)}"
    )


def _parse_draw(spec: FactorSpec, value: Any, where: str) -> Distribution:
    if value is None and spec.optional:
        return Constant(value=None)
    return parse_factor(spec, value, where).distribution


def _constraint(given: Any, where: str, names: Names) -> str:
    expression = names.expression(given, where)
    factors = [names.factors[name] for name in expression.factors]
    scope = finest(map(scope_of, factors))
    drawn_again = next(factor for factor in factors if scope_of(factor) == scope)
    for factor in factors:
        if not scope.sees(scope_of(factor)):
            raise RecipeError(_unseen(where, factor, drawn_again))
    return expression.text


def _correlation(given: Any, where: str, names: Names) -> Correlation:
    group = _group(given, where, {"factors": "a map {factor: loading in [-1, 1]}"})
    where = f"{where}.factors"
    if not isinstance(group["factors"], Mapping):
        got = show(group["factors"])
        raise RecipeError(f"{where} must be a map {{factor: loading in [-1, 1]}}, got {got}")
    factors: dict[str, float] = {}
    for name, loading in _flat(group["factors"], ""):
        if name in factors:
            raise RecipeError(f"{where} must not name anything twice, got {name}")
        names.settled_factor(name, where)
        if not is_number(loading) or not -1 <= loading <= 1:
            raise RecipeError(f"{where}: the loading of {name} must be in [-1, 1], got {show(loading)}")
        factors[name] = float(loading)
    if len(factors) < 2:
        raise RecipeError(f"{where} must name at least two factors, got {', '.join(factors) or 'none'}")
    return Correlation(factors=dict(sorted(factors.items())))


def _flat(node: Mapping[Any, Any], path: str) -> Iterator[tuple[str, Any]]:
    """`{camera: {tilt_deg: 1}}`, which the command line makes of a dotted key, is `{camera.tilt_deg: 1}`."""
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def _check_reachable(conditions: Mapping[str, Condition]) -> None:
    """A condition that repeats an earlier one of the same factor never comes to its turn."""
    seen: dict[tuple[str, str], str] = {}
    for name, condition in conditions.items():
        earlier = seen.setdefault((condition.factor, condition.when), name)
        if earlier != name:
            raise RecipeError(
                f"conditions.{name} can never apply: conditions.{earlier} has the same factor and 'when'"
            )


def parents_of(conditions: Mapping[str, Condition], names: Names) -> dict[str, set[str]]:
    """The factors that decide from what a factor is drawn, by its name."""
    parents: dict[str, set[str]] = {}
    for name, condition in conditions.items():
        when = names.expression(condition.when, f"conditions.{name}.when")
        parents.setdefault(condition.factor, set()).update(when.factors)
    return parents


def _check_circles(parents: Mapping[str, set[str]]) -> None:
    try:
        graphlib.TopologicalSorter({name: sorted(parents[name]) for name in sorted(parents)}).prepare()
    except graphlib.CycleError as error:
        chain = " -> ".join(error.args[1])
        raise RecipeError(f"conditions must not go in a circle, got {chain}: drop one of them") from None


def _check_correlated(recipe: Recipe, names: Names) -> None:
    """Each factor is in one correlation at most, and all that it may be drawn from has an order."""
    seen: dict[str, str] = {}
    for key, correlation in recipe.correlations.items():
        for name in correlation.factors:
            earlier = seen.setdefault(name, key)
            if earlier != key:
                raise RecipeError(f"correlations.{key}.factors: {name} is in correlations.{earlier} already")
            factor = names.factors[name]
            if isinstance(factor.distribution, Constant):
                raise RecipeError(f"correlations.{key}.factors: {name} is fixed: give it a distribution")
            drawn: list[Distribution] = [factor.distribution]
            drawn += [c.draw for c in recipe.conditions.values() if c.factor == name]
            if not all(_has_order(distribution, factor.spec) for distribution in drawn):
                raise RecipeError(
                    f"correlations.{key}.factors: {name} cannot be correlated, for its distribution does not "
                    "draw one number"
                )


def _has_order(distribution: Distribution, spec: FactorSpec) -> bool:
    """Whether a distribution has quantiles: it draws one number, the same one always, or null."""
    if isinstance(distribution, Sometimes):
        return _has_order(distribution.distribution, spec)
    if isinstance(distribution, Constant | Choice):
        return spec.kind in (Kind.NUMBER, Kind.INTEGER)
    return isinstance(distribution, _ORDERED)
