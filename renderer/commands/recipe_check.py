"""`gapless recipe check`: all that rendering checks before it starts, a summary, and what is worth a look."""

from collections import Counter
from collections.abc import Iterator, Sequence

from renderer.catalog.library import BUILT_IN, Library, open_library
from renderer.catalog.sources import categories
from renderer.commands.job import ResolvedJob
from renderer.commands.mesh_report import print_files, shelf_summary
from renderer.commands.table import listing
from renderer.dataset.identity import dataset_identity
from renderer.dataset.store import open_store
from renderer.errors import StoreError
from renderer.inspect.recipes import FIXED, OFF, VARIES, factor_rows
from renderer.inspect.relations import Holding, holdings
from renderer.inspect.warnings import recipe_warnings
from renderer.randomize.scenes import check_constraints, sample_scene
from renderer.recipe.schema import Recipe
from renderer.scene import Scene

TRIED_SCENES = 20  # drawn to see that they can be


def check_recipe(job: ResolvedJob[Recipe]) -> None:
    """Check a composed recipe and print what it is.

    Raises:
        GaplessError: it cannot be rendered anywhere.
    """
    recipe = job.settings
    library = open_library(recipe)
    check_constraints(recipe, library)
    scenes = [sample_scene(recipe, library, index) for index in range(TRIED_SCENES)]
    print(f"{recipe.name}: can be rendered")
    for name, text in (*_summary(recipe, library), *_relations(recipe, library, scenes)):
        print(f"  {name:<12}{text}")
    objects = sum(len(scene.objects) for scene in scenes) / TRIED_SCENES
    print(f"  {'drawn':<12}{TRIED_SCENES} scenes without a fault, {objects:.1f} objects each")
    print_files(library)
    warnings = [*recipe_warnings(recipe, library), *_out_warnings(recipe, library)]
    for warning in warnings:
        print(f"worth a look: {warning}")
    print(f"{_count(len(warnings), 'warning')}; devices are looked for when rendering starts")
    print("next: gapless preview with the same keys, or gapless render with dry_run=true for statistics")


def _out_warnings(recipe: Recipe, library: Library) -> Iterator[str]:
    """What keeps the recipe from being rendered to this place; another `out` may do."""
    try:
        open_store(recipe.out, dataset_identity(recipe, library))
    except StoreError as error:
        yield str(error)


def _summary(recipe: Recipe, library: Library) -> Iterator[tuple[str, str]]:
    shots = recipe.views * recipe.shots
    scenes = (recipe.first_frame + recipe.frames - 1) // shots - recipe.first_frame // shots + 1
    views, shots_each = _count(recipe.views, "view"), _count(recipe.shots, "shot")
    yield "frames", f"{recipe.frames} of {_count(scenes, 'scene')}, {views} each, {shots_each} a view"
    for name, kind in recipe.objects.items():
        files = f", {shelf_summary(library.shelves[name])}" if name in library.shelves else ""
        yield "objects", f"{name}, source {kind.source}{files}"
    yield "categories", listing(categories(recipe, library)) or "none: nothing is labelled"
    yield "factors", _factor_counts(recipe)
    yield "skies", _source_text(library.skies)
    yield "images", _source_text(library.surface_images)


def _factor_counts(recipe: Recipe) -> str:
    rows = list(factor_rows(recipe))
    states = Counter(row.state for row in rows)
    levels = Counter(row.level.partition(",")[0] for row in rows)
    by_level = ", ".join(f"{number} a {level}" for level, number in levels.items())
    by_state = f"{states[VARIES]} vary, {states[FIXED]} are fixed, {states[OFF]} are off"
    return f"{len(rows)}: {by_level}; {by_state}"


def _relations(recipe: Recipe, library: Library, scenes: Sequence[Scene]) -> Iterator[tuple[str, str]]:
    """Conditions, correlations and constraints, with how often they hold."""
    shares = holdings(recipe, library, scenes)
    for name, condition in recipe.conditions.items():
        yield "condition", f"{name}: {condition.factor}, {_share_text(shares[f'conditions.{name}'])}"
    for name, correlation in recipe.correlations.items():
        loadings = ", ".join(f"{factor} {loading:g}" for factor, loading in correlation.factors.items())
        yield "correlation", f"{name}: {loadings}"
    for name, text in recipe.constraints.items():
        yield (
            "constraint",
            f"{name}: {text}, {_share_text(shares[f'constraints.{name}'])} at the first attempt",
        )


def _share_text(holding: Holding) -> str:
    return f"held {holding.held} of {holding.tried} times"


def _source_text(names: tuple[str, ...]) -> str:
    kind = "built in" if names[0].startswith(BUILT_IN) else "of your own"
    return f"{len(names)} {kind}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
