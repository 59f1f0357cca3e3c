"""Factors that are never drawn, for what they need is off or something else takes their place."""

from collections.abc import Iterator
from dataclasses import fields
from itertools import product
from typing import Any

from renderer.catalog.sources import is_labelled
from renderer.lens.distortion import COEFFICIENTS
from renderer.randomize.following import followed, layout_factors, tumbles
from renderer.recipe.distributions import Choice, Constant, Distribution, Sometimes
from renderer.recipe.imaging import Camera
from renderer.recipe.keys import Factor
from renderer.recipe.objects import Cards, Dice, Foreground, Meshes, Primitives
from renderer.recipe.places import PLACES, Layout, Tray
from renderer.recipe.relations import draws_of, may_draw
from renderer.recipe.schema import Recipe
from renderer.recipe.syntax import syntax_text
from renderer.recipe.validation import iter_factors
from renderer.scene import SkyKind

POSE = (
    "field_width_m", "distance_m", "height_m", "tilt_deg", "azimuth_deg", "direction", "roll_deg",
    "target_object", "target_x_fraction", "target_y_fraction", "target_height_m",
)  # fmt: skip


LaidOut = Dice | Cards | Primitives | Meshes


def idle_factors(recipe: Recipe) -> dict[str, str]:
    """Why a factor is never drawn, by its name; factors that are off themselves are not among them."""
    return dict([*_absent(recipe), *_turns(recipe), *_of_places(recipe)]) | replaced_factors(recipe)


def replaced_factors(recipe: Recipe) -> dict[str, str]:
    """The idle factors that one who sets them should know of.

    Not those of objects that are not there, nor turns, which every kind lists.
    """
    return dict(
        [
            *_without_their_need(recipe),
            *_of_tray(recipe.surface.tray),
            *_of_camera(recipe.camera),
            *_of_layout(recipe),
            *_of_sky(recipe),
        ]
    )


def _absent(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Factors of objects, lights, casters, maps and trays that no scene has."""
    if never_labelled(recipe):
        labelled = [kind for kind in recipe.objects.values() if is_labelled(kind)]
        yield from ((f.name, "layout.object_free is true") for kind in labelled for f in iter_factors(kind))
    lighting = recipe.lighting
    kinds = [*recipe.objects.values(), *lighting.lights.values(), *lighting.casters.values()]
    gates = [(part, part.presence) for part in (recipe.surface.tray, recipe.surface.room)]
    for kind, gate in [*((k, k.count) for k in kinds), *gates]:
        if is_never(recipe, gate):
            reason = f"{gate.name} is {syntax_text(gate.distribution)}"
            yield from ((f.name, reason) for f in iter_factors(kind) if f is not gate)
    yield from _of_casters(recipe)
    environment = recipe.lighting.environment
    if not may_draw(recipe, environment.kind, SkyKind.MAP.value):
        reason = f"{environment.kind.name} is never map"
        yield from ((f.name, reason) for f in (environment.image, environment.rotation))


def _of_places(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Factors of what no place has that can be drawn."""
    surface = recipe.surface
    drawn = {place for place in PLACES if may_draw(recipe, surface.place, place)}
    for name in dict.fromkeys(part for parts in PLACES.values() for part in parts):
        having = [place for place, parts in PLACES.items() if name in parts]
        if drawn.isdisjoint(having):
            reason = f"surface.place is never {' or '.join(having)}"
            yield from ((f.name, reason) for f in iter_factors(getattr(surface, name)))
    if "photo" not in drawn:
        yield surface.photo.name, "surface.place is never photo"
    if drawn == {"photo"}:
        yield from ((f.name, "surface.place is photo") for f in iter_factors(surface.appearance))


def never_labelled(recipe: Recipe) -> bool:
    """Whether every scene is one without objects to label."""
    return draws_of(recipe, recipe.layout.object_free) == [Constant(value=True)]


def _without_their_need(node: Any) -> Iterator[tuple[str, str]]:
    for group in (node.camera, node.sensor):
        for field in fields(group):
            factor = getattr(group, field.name)
            if isinstance(factor, Factor) and factor.spec.needs:
                need = factor.spec.needs
                if getattr(group, need) is None:
                    yield factor.name, f"{factor.name.rpartition('.')[0]}.{need} is off"


def _of_tray(tray: Tray) -> Iterator[tuple[str, str]]:
    if tray.wall_height_fraction is not None:
        yield tray.wall_height_m.name, f"{tray.wall_height_fraction.name} takes its place"


def _of_sky(recipe: Recipe) -> Iterator[tuple[str, str]]:
    kind = recipe.lighting.environment.kind
    if not may_draw(recipe, kind, SkyKind.CLEAR.value):
        yield from ((f.name, f"{kind.name} is never sky") for f in iter_factors(recipe.lighting.sky))


def _of_casters(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Factors of casters that stand before a light, and of those whose light is never there."""
    lighting = recipe.lighting
    for name, casters in lighting.casters.items():
        if casters.blocks is None:
            continue
        key = f"lighting.casters.{name}.blocks"
        yield casters.direction.name, f"{key} takes its place"
        if not _is_ever_there(recipe, casters.blocks):
            reason = f"{key} is {casters.blocks}, and no scene has that"
            yield from ((f.name, reason) for f in iter_factors(casters) if f is not casters.count)


def _is_ever_there(recipe: Recipe, light: str) -> bool:
    """Whether some scene has lights of a name, or the sky's sun."""
    lighting = recipe.lighting
    if light in lighting.lights:
        return not is_never(recipe, lighting.lights[light].count)
    has_sky = may_draw(recipe, lighting.environment.kind, SkyKind.CLEAR.value)
    return has_sky and may_draw(recipe, lighting.sky.sun, True)


def is_never(recipe: Recipe, gate: Factor) -> bool:
    """Whether a count or a flag is 0 or false in every scene."""
    own, *conditional = draws_of(recipe, gate)
    return not conditional and isinstance(own, Constant) and not own.value


def _of_camera(camera: Camera) -> Iterator[tuple[str, str]]:
    there = {f.name for f in fields(camera) if isinstance(getattr(camera, f.name), Factor)}
    for short, reason in _reasons(camera):
        if short in there:
            yield f"camera.{short}", reason
    for factor in iter_factors(camera.distortion):
        if factor.name.rpartition(".")[2] not in COEFFICIENTS.get(camera.distortion.model, ()):
            yield factor.name, f"camera.distortion.model is {camera.distortion.model}"
    if camera.crop.width_px is None:
        yield from (
            (f.name, "camera.crop.width_px and height_px are null") for f in iter_factors(camera.crop)
        )


def _turns(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Turns that no object of a kind has or begins to fall with."""
    physics = _possible(recipe, recipe.layout.physics)
    for name, kind in _laid_out(recipe):
        starts = {tumbles(kind, *case) for case in product(_arrangements(recipe, kind), physics)}
        if True not in starts:
            yield f"objects.{name}.tumble", "none of them falls scattered or in a pile"
        if False not in starts:
            yield f"objects.{name}.rotation", f"objects.{name}.tumble takes its place"


def _laid_out(recipe: Recipe) -> Iterator[tuple[str, LaidOut]]:
    return ((name, kind) for name, kind in recipe.objects.items() if not isinstance(kind, Foreground))


def _of_layout(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Factors of the layout that no arrangement of what is there takes."""
    absent = dict(_absent(recipe))
    there = [kind for _, kind in _laid_out(recipe) if kind.rotation.name not in absent]
    needed = {
        short
        for kind in there
        for arrangement in _arrangements(recipe, kind)
        for short in layout_factors(kind, arrangement)
    }
    for short in _arranging():
        if short not in needed:
            yield f"layout.{short}", "no arrangement of layout or objects takes it"


def _arranging() -> list[str]:
    """The factors of a layout that only some arrangements take."""
    always = ("half_width_m", "half_depth_m", "density", "arrangement", "physics", "object_free")
    return [field.name for field in fields(Layout) if field.name not in always]


def _arrangements(recipe: Recipe, kind: LaidOut) -> set[str]:
    own = {None} if kind.arrangement is None else _possible(recipe, kind.arrangement)
    return {followed(kind, *case) for case in product(own, _possible(recipe, recipe.layout.arrangement))}


def _possible(recipe: Recipe, factor: Factor) -> set[Any]:
    """The values that a factor of a few values may take, conditions included."""
    return {value for draw in draws_of(recipe, factor) for value in _values(draw)}


def _values(distribution: Distribution) -> set[Any]:
    if isinstance(distribution, Sometimes):
        return {None, *_values(distribution.distribution)}
    if isinstance(distribution, Choice):
        pairs = zip(distribution.options, distribution.weights, strict=True)
        return {option for option, weight in pairs if weight > 0}
    assert isinstance(distribution, Constant), "names and flags have a few values"
    return {distribution.value}


def _reasons(camera: Camera) -> Iterator[tuple[str, str]]:
    """What the camera's keys do to each other; the last reason of a factor counts."""
    if camera.look_at is None:
        yield "target_object", "camera.look_at is off"
    if camera.motion_deg is None and camera.motion_m is None:
        yield "motion_angle_deg", "camera.motion_deg and camera.motion_m are off"
    yield from _replaced_by(camera, "height_m", ("field_width_m",))
    yield from _replaced_by(camera, "distance_m", ("field_width_m", "height_m"))
    yield from _replaced_by(camera, "direction", ("tilt_deg", "azimuth_deg"))
    yield from _replaced_by(camera, "fov_deg", ("focal_length_mm",))
    yield from _replaced_by(camera, "K", ("focal_length_mm", "fov_deg"))
    if camera.rig:
        yield from ((short, "camera.rig has fixed poses") for short in POSE)
        if all(c.K is not None or c.focal_length_mm is not None for c in camera.rig.values()):
            lens = ("focal_length_mm", "fov_deg")
            yield from ((short, "the cameras of camera.rig have their own") for short in lens)


def _replaced_by(camera: Camera, key: str, shorts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if getattr(camera, key) is not None:
        yield from ((short, f"camera.{key} takes its place") for short in shorts)
