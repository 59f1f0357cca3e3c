"""What is worked out once for a recipe, before any scene: how each factor is drawn."""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from renderer.randomize.groups import Group, Rule, Web, groups_of
from renderer.randomize.quantiles import Quantile, quantile_of
from renderer.randomize.sampling import Sampler, sampler_of
from renderer.recipe.distributions import Distribution
from renderer.recipe.expressions import Lookup
from renderer.recipe.keys import Factor, FactorSpec
from renderer.recipe.relations import Names, names_of, parents_of
from renderer.recipe.schema import Recipe
from renderer.recipe.scopes import Scope, common, scope_of
from renderer.recipe.validation import iter_factors


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawer:
    """How a factor is drawn on its own; `key_text` is its name as the keys of streams have it."""

    factor: Factor
    key_text: str
    sample: Sampler


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cause:
    """The hidden common cause of a correlation's factors, a normal score."""

    name: str
    key_text: str
    scope: Scope
    group: Group | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """A distribution that a factor is drawn from where `holds`; the quantiles are for correlations."""

    holds: Callable[[Lookup], bool]
    sample: Sampler
    quantile: Quantile | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Related:
    """How a factor is drawn that has to do with others.

    Attributes:
        cases: the first that holds counts; the last one always does.
        loading: of the factor on its cause.
        group: the constraints for which the factor is drawn again.
    """

    scope: Scope
    key_text: str
    cases: tuple[Case, ...]
    cause: Cause | None
    loading: float
    group: Group | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """How the factors of a recipe are drawn; `related` has those that a relation names."""

    related: Mapping[str, Related] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    drawers: dict[str, Drawer] = field(default_factory=dict)

    def drawer(self, factor: Factor) -> Drawer:
        """How a factor is drawn that has to do with no other."""
        drawer = self.drawers.get(factor.name)
        if drawer is None or drawer.factor is not factor:
            sample = sampler_of(factor.distribution, factor.spec)
            drawer = Drawer(factor=factor, key_text=json.dumps(factor.name), sample=sample)
            self.drawers[factor.name] = drawer
        return drawer


class _ByIdentity:
    """The key of a cache: recipes hold maps, which cannot be hashed, and would be slow to compare."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.value is self.value


def plan_of(recipe: Recipe) -> Plan:
    """The plan of a recipe, worked out when it is first asked for."""
    return _plan_of(_ByIdentity(recipe))


@functools.lru_cache(maxsize=16)
def _plan_of(key: _ByIdentity) -> Plan:
    recipe: Recipe = key.value
    related = _related(recipe)
    groups = dict.fromkeys(factor.group for factor in related.values() if factor.group is not None)
    return Plan(related=related, groups=tuple(groups))


def factors_of(part: Any, prefix: str) -> Mapping[str, Factor]:
    """The factors of a part of a recipe by their names after `prefix`; worked out once for each part."""
    return _factors_of(_ByIdentity(part), prefix)


@functools.lru_cache(maxsize=256)
def _factors_of(key: _ByIdentity, prefix: str) -> Mapping[str, Factor]:
    return {factor.name.removeprefix(prefix): factor for factor in iter_factors(key.value)}


def _related(recipe: Recipe) -> dict[str, Related]:
    names = names_of(recipe)
    whens = {n: names.expression(c.when, f"conditions.{n}") for n, c in recipe.conditions.items()}
    rules = [_rule(f"constraints.{n}", text, names) for n, text in recipe.constraints.items()]
    web = _web(recipe, rules, names)
    groups = groups_of(rules, web)
    causes = {
        factor: Cause(key_text=json.dumps(name), name=name, scope=web.scopes[name], group=groups.get(name))
        for name, factors in web.families.items()
        for factor in factors
    }
    loadings = {f: loading for c in recipe.correlations.values() for f, loading in c.factors.items()}
    related = {}
    for name in sorted(web.scopes.keys() - web.families.keys()):
        named = ((c.draw, whens[n].holds) for n, c in recipe.conditions.items() if c.factor == name)
        factor, cause = names.factors[name], causes.get(name)
        choices = [*named, (factor.distribution, lambda _: True)]
        related[name] = Related(
            scope=web.scopes[name],
            key_text=json.dumps(name),
            cases=tuple(_case(draw, holds, factor.spec, cause) for draw, holds in choices),
            cause=cause,
            loading=loadings.get(name, 0.0),
            group=groups.get(name),
        )
    return related


def _rule(name: str, text: str, names: Names) -> Rule:
    expression = names.expression(text, name)
    return Rule(name=name, text=text, factors=expression.factors, holds=expression.holds)


def _web(recipe: Recipe, rules: Sequence[Rule], names: Names) -> Web:
    families = {f"correlations.{name}": tuple(c.factors) for name, c in recipe.correlations.items()}
    parents = parents_of(recipe.conditions, names)
    for cause, factors in families.items():
        for factor in factors:
            parents.setdefault(factor, set()).add(cause)
    concerned = set(parents).union(*parents.values(), *(rule.factors for rule in rules)) - families.keys()
    scopes = {name: scope_of(names.factors[name]) for name in concerned}
    scopes |= {cause: common(scopes[factor] for factor in factors) for cause, factors in families.items()}
    return Web(scopes=scopes, parents=parents, families=families)


def _case(draw: Distribution, holds: Callable[[Lookup], bool], spec: FactorSpec, cause: Cause | None) -> Case:
    quantile = None if cause is None else quantile_of(draw, spec)
    return Case(holds=holds, sample=sampler_of(draw, spec), quantile=quantile)
