"""How often conditions and constraints hold in sampled scenes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from renderer.catalog.library import Library
from renderer.randomize.scenes import sample_scene
from renderer.recipe.expressions import Expression
from renderer.recipe.keys import Level
from renderer.recipe.relations import names_of
from renderer.recipe.schema import Recipe
from renderer.recipe.scopes import Scope, finest, scope_of
from renderer.scene import Scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """How often an expression held, of the times that all its factors were drawn."""

    held: int
    tried: int


def holdings(recipe: Recipe, library: Library, scenes: Sequence[Scene]) -> dict[str, Holding]:
    """Of every condition in these scenes; of every constraint in their first attempts.

    Args:
        scenes: of the recipe.
    """
    first_attempts = scenes
    if recipe.constraints:
        free = replace(recipe, constraints={})
        first_attempts = [sample_scene(free, library, scene.index) for scene in scenes]
    conditions = {f"conditions.{name}": c.when for name, c in recipe.conditions.items()}
    constraints = {f"constraints.{name}": text for name, text in recipe.constraints.items()}
    return {
        name: _holding(recipe, text, name, sampled)
        for texts, sampled in ((conditions, scenes), (constraints, first_attempts))
        for name, text in texts.items()
    }


def _holding(recipe: Recipe, text: str, name: str, scenes: Sequence[Scene]) -> Holding:
    names = names_of(recipe)
    expression = names.expression(text, name)
    scope = finest(scope_of(names.factors[factor]) for factor in expression.factors)
    found = [held for scene in scenes for held in _outcomes(expression, scope, scene)]
    return Holding(held=sum(found), tried=len(found))


def _outcomes(expression: Expression, scope: Scope, scene: Scene) -> Iterator[bool]:
    """Whether it holds, at each place of its scope in a scene."""
    for draws in _draws_at(scope.level, scene):
        for slot in _slots(expression, scope, draws):
            values = {name: draws.get(f"{name}[{slot}]", draws.get(name)) for name in expression.factors}
            if None not in values.values():
                yield expression.holds(values.__getitem__)


def _draws_at(level: Level, scene: Scene) -> Iterator[Mapping[str, Any]]:
    if level is Level.SCENE:
        yield scene.draws
        return
    for view in scene.views:
        above = {**scene.draws, **view.draws}
        yield from [above] if level is Level.VIEW else ({**above, **shot.draws} for shot in view.shots)


def _slots(expression: Expression, scope: Scope, draws: Mapping[str, Any]) -> Sequence[int | None]:
    if not scope.kind:
        return [None]
    own = next(name for name in expression.factors if name.startswith(f"{scope.kind}."))
    number = 0
    while f"{own}[{number}]" in draws:
        number += 1
    return range(number)
