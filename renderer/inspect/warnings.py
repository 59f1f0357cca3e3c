"""What is allowed in a recipe, and yet seldom meant."""

from collections.abc import Iterator

import numpy as np

from renderer.catalog.library import Library
from renderer.catalog.meshes.shelf import Shelf
from renderer.catalog.sources import categories, is_labelled
from renderer.inspect.idle import is_never, never_labelled, replaced_factors
from renderer.randomize.following import is_sheet
from renderer.recipe.distributions import Choice, Constant, Range
from renderer.recipe.keys import Factor
from renderer.recipe.objects import Foreground, Meshes, ObjectKind
from renderer.recipe.schema import Recipe
from renderer.recipe.syntax import syntax_text
from renderer.recipe.validation import iter_factors, parse_recipe, recipe_defaults

SMALLEST_M, LARGEST_M = 0.002, 2.0  # of a mesh that lies on a table


def recipe_warnings(recipe: Recipe, library: Library) -> Iterator[str]:
    """One sentence for each thing that is worth a look."""
    yield from _set_but_idle(recipe)
    yield from _fans_of_what_is_no_sheet(recipe)
    for factor in iter_factors(recipe):
        yield from _constant_in_disguise(factor)
    if not categories(recipe, library):
        yield "nothing is labelled: no kind of object has a category, so annotations.json will be empty"
    elif never_labelled(recipe):
        yield "nothing is labelled: layout.object_free is true, so annotations.json will be empty"
    for name, shelf in library.shelves.items():
        yield from _odd_sizes(recipe.objects[name], shelf)
    if _is_dark(recipe):
        yield "there is no light: lighting.environment.strength and all counts of lights are 0"


def _odd_sizes(kind: ObjectKind, shelf: Shelf) -> Iterator[str]:
    """Meshes that keep the size of their files, which hardly is what is meant."""
    assert isinstance(kind, Meshes), "only meshes lie on shelves"
    if kind.size_m is not None:
        return
    extents_m = {m.name: max(np.subtract(m.high_m, m.low_m)) for m in shelf.meshes}
    odd = {name: extent for name, extent in extents_m.items() if not SMALLEST_M < extent < LARGEST_M}
    if odd:
        name = max(odd, key=lambda name: odd[name])
        yield (
            f"{shelf.key} keeps the sizes of its files, of which {len(odd)} are below {SMALLEST_M:g} m or "
            f"above {LARGEST_M:g} m, such as {name} with {odd[name]:.3g} m: set {shelf.key}.unit to that of "
            f"the files, or {shelf.key}.size_m"
        )


def _set_but_idle(recipe: Recipe) -> Iterator[str]:
    """Factors that differ from their defaults although they are never drawn."""
    bare = parse_recipe(recipe_defaults() | {"objects": {"any": {"source": "primitive"}}})
    defaults = {factor.name: factor.distribution for factor in iter_factors(bare)}
    reasons = replaced_factors(recipe)
    for factor in iter_factors(recipe):
        if factor.name in reasons and factor.distribution != defaults.get(factor.name):
            yield f"{factor.name} is set, but never drawn: {reasons[factor.name]}"


def _fans_of_what_is_no_sheet(recipe: Recipe) -> Iterator[str]:
    """Kinds that are always to be fanned and cannot be."""
    for name, kind in recipe.objects.items():
        if isinstance(kind, Foreground) or is_sheet(kind):
            continue
        own = kind.arrangement
        factor = own if own is not None else recipe.layout.arrangement
        if factor.distribution == Constant(value="fan") and (own is not None or is_labelled(kind)):
            yield f"{factor.name} is fan, which is for cards: objects.{name} goes in rows instead"


def _constant_in_disguise(factor: Factor) -> Iterator[str]:
    """A distribution that always draws the same."""
    distribution = factor.distribution
    is_point = isinstance(distribution, Range) and distribution.low == distribution.high
    if isinstance(distribution, Choice):
        is_point = sum(weight > 0 for weight in distribution.weights) == 1
    if is_point:
        yield f"{factor.name} never varies: {syntax_text(distribution)} has one value only"


def _is_dark(recipe: Recipe) -> bool:
    gates = [recipe.lighting.environment.strength, *(k.count for k in recipe.lighting.lights.values())]
    return all(is_never(recipe, gate) for gate in gates)
