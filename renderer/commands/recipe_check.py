"""`gapless recipe check`: all that rendering checks before it starts, a summary, and what is worth a look."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from renderer.catalog.library import BUILT_IN, Library, open_library
from renderer.catalog.sources import categories
from renderer.commands.job import ResolvedJob
from renderer.commands.render import check_job
from renderer.inspect.recipes import FIXED, OFF, VARIES, factor_rows
from renderer.inspect.warnings import recipe_warnings
from renderer.randomize.scenes import sample_scene
from renderer.recipe.entries import iter_entries
from renderer.recipe.schema import Recipe

TRIED_SCENES = 20  # drawn to see that they can be


def check_recipe(job: ResolvedJob[Recipe]) -> None:
    """Check a composed recipe and print what it is.

    Raises:
        GaplessError: rendering could not start.
    """
    recipe = job.settings
    check_job(replace(job, settings=replace(recipe, dry_run=True)))  # without devices: Blender knows of those
    library = open_library(recipe)
    scenes = [sample_scene(recipe, library, index) for index in range(TRIED_SCENES)]
    print(f"{recipe.name}: can be rendered")
    for name, text in _summary(recipe, library):
        print(f"  {name:<12}{text}")
    objects = sum(len(scene.objects) for scene in scenes) / TRIED_SCENES
    print(f"  {'drawn':<12}{TRIED_SCENES} scenes without a fault, {objects:.1f} objects each")
    warnings = list(recipe_warnings(recipe))
    for warning in warnings:
        print(f"worth a look: {warning}")
    print(f"{_count(len(warnings), 'warning')}; devices are looked for when rendering starts")
    print("next: gapless preview with the same keys, or gapless render with dry_run=true for statistics")


def _summary(recipe: Recipe, library: Library) -> Iterator[tuple[str, str]]:
    shots = recipe.views * recipe.shots
    scenes = (recipe.first_frame + recipe.frames - 1) // shots - recipe.first_frame // shots + 1
    views, shots_each = _count(recipe.views, "view"), _count(recipe.shots, "shot")
    yield "frames", f"{recipe.frames} of {_count(scenes, 'scene')}, {views} each, {shots_each} a view"
    for name, kind in recipe.objects.items():
        yield "objects", f"{name}, source {kind.source}"
    yield "categories", ", ".join(categories(recipe)) or "none: nothing is labelled"
    yield "factors", _factor_counts(recipe)
    for title, names in _open_maps(recipe).items():
        yield title, ", ".join(names)
    yield "skies", _source_text(library.skies)
    yield "images", _source_text(library.surface_images)


def _factor_counts(recipe: Recipe) -> str:
    rows = list(factor_rows(recipe))
    states = Counter(row.state for row in rows)
    levels = Counter(row.level.partition(",")[0] for row in rows)
    by_level = ", ".join(f"{number} a {level}" for level, number in levels.items())
    by_state = f"{states[VARIES]} vary, {states[FIXED]} are fixed, {states[OFF]} are off"
    return f"{len(rows)}: {by_level}; {by_state}"


def _open_maps(recipe: Recipe) -> dict[str, list[str]]:
    """Conditions and the like by the map that they stand in."""
    names: dict[str, list[str]] = {}
    for entry in iter_entries(recipe):
        if entry.spec is None and entry.content != {}:
            title, _, name = entry.key.partition(".")
            names.setdefault(title, []).append(name)
    return names


def _source_text(names: tuple[str, ...]) -> str:
    kind = "built in" if names[0].startswith(BUILT_IN) else "of your own"
    return f"{len(names)} {kind}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
