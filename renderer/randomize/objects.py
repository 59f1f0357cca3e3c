"""Drawing the objects of a scene."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from renderer.catalog import dice
from renderer.catalog.library import Library
from renderer.catalog.sources import is_labelled, radius_m
from renderer.randomize.draws import DrawRecorder
from renderer.randomize.plan import factors_of
from renderer.recipe.keys import Factor, Level
from renderer.recipe.objects import Cards, Dice, Foreground, Meshes, ObjectKind, Primitives
from renderer.recipe.schema import Recipe
from renderer.scene import Contact, Pose, SceneObject

Disc = tuple[float, float, float]  # x, y, radius in metres


@dataclass(frozen=True, slots=True, kw_only=True)
class _Surroundings:
    """What objects are drawn from and where to: the user's meshes, and the layout area."""

    library: Library
    half_size_m: tuple[float, float]


def draw_objects(
    draws: DrawRecorder, recipe: Recipe, library: Library, half_size_m: tuple[float, float]
) -> tuple[SceneObject, ...]:
    """Draw every kind of object, those that can be labelled first; each kind on its own.

    Places are drawn again while an object overlaps another of its own kind. Overlaps across kinds
    are left to settling, so that one more object of a kind changes no draw of another kind.
    """
    kinds = recipe.objects
    if draws.draw(recipe.layout.object_free):
        kinds = {name: kind for name, kind in kinds.items() if not is_labelled(kind)}
    around = _Surroundings(library=library, half_size_m=half_size_m)
    order = sorted(kinds, key=lambda name: (not is_labelled(kinds[name]), name))
    return tuple(item for name in order for item in _draw_kind(draws, name, kinds[name], around))


def _draw_kind(draws: DrawRecorder, name: str, kind: ObjectKind, around: _Surroundings) -> list[SceneObject]:
    factors = factors_of(kind, f"objects.{name}.")
    count = draws.draw(factors["count"])
    alike = {short: f for short, f in factors.items() if f.spec.shared and short != "count" and count > 0}
    shared = {short: draws.draw(f) for short, f in alike.items()}
    own = {s: f for s, f in factors.items() if not f.spec.shared and f.spec.level is Level.SCENE}
    drawer = _KindDrawer(draws=draws, kind=kind, factors=own, half_size_m=around.half_size_m)
    items: list[SceneObject] = []
    placed: list[Disc] = []
    for slot in range(count):
        item = _make_object(name, slot, kind, shared | drawer.parameters(slot))
        if isinstance(kind, Meshes):
            item = _with_mesh(item, around.library)
        if item.contact is not Contact.FLOAT:
            radius = radius_m(item, around.library)
            x_m, y_m = drawer.place(slot, radius, placed)
            placed.append((x_m, y_m, radius))
            item = replace(item, pose=replace(item.pose, position_m=(x_m, y_m, 0.0)))
        items.append(item)
    return items


def _with_mesh(item: SceneObject, library: Library) -> SceneObject:
    """The object with the file that was drawn for it, and its category."""
    mesh = library.shelves[item.kind].mesh_at(item.parameters["mesh"])
    return replace(item, category=mesh.category, parameters={**item.parameters, "file": mesh.name})


@dataclass(frozen=True, slots=True, kw_only=True)
class _KindDrawer:
    """Draws the objects of one kind, slot by slot; `factors` are those drawn for each object."""

    draws: DrawRecorder
    kind: ObjectKind
    factors: Mapping[str, Factor]
    half_size_m: tuple[float, float]

    def parameters(self, slot: int) -> dict[str, Any]:
        """All but the place; a die's pips and swirl are drawn again until the pips stand out."""
        late = {"x_fraction", "y_fraction", "tumble"}
        drawn = {short: self.draws.draw(f, slot) for short, f in self.factors.items() if short not in late}
        if isinstance(self.kind, Dice):
            drawn |= self._legible_colors(slot, drawn, self.kind.pip_contrast)
        return drawn

    def _legible_colors(self, slot: int, drawn: Mapping[str, Any], least: float) -> dict[str, Any]:
        """The colour of the pips and, where there is one, of the swirl that they lie on."""
        names = ["pip_color", "color_2"] if drawn["swirl"] > 0 else ["pip_color"]

        def is_legible(values: Mapping[str, Any]) -> bool:
            pips, *swirl = (values[self.factors[name].name] for name in names)
            return all(contrast_ratio(pips, body) >= least for body in (drawn["color"], *swirl))

        values = self.draws.draw_until([self.factors[name] for name in names], slot, is_legible)
        return {name: values[self.factors[name].name] for name in names}

    def place(self, slot: int, radius: float, placed: Sequence[Disc]) -> tuple[float, float]:
        """A place in the layout area, free of others of the kind where they avoid contact."""
        x, y = self.factors["x_fraction"], self.factors["y_fraction"]
        reach_x, reach_y = (max(half - radius, 0.0) for half in self.half_size_m)

        def is_free(values: Mapping[str, Any]) -> bool:
            px, py = values[x.name] * reach_x, values[y.name] * reach_y
            return all((px - qx) ** 2 + (py - qy) ** 2 >= (radius + q) ** 2 for qx, qy, q in placed)

        overlaps = contact_of(self.kind) is Contact.STACK
        values = self.draws.draw_until([x, y], slot, (lambda _: True) if overlaps else is_free)
        return values[x.name] * reach_x, values[y.name] * reach_y


def contrast_ratio(a: Sequence[float], b: Sequence[float]) -> float:
    """Contrast ratio in [1, 21] of two linear RGB colours (WCAG 2.2)."""
    one, other = _luminance(a) + 0.05, _luminance(b) + 0.05
    return max(one, other) / min(one, other)


def _luminance(color: Sequence[float]) -> float:
    red, green, blue = color
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contact_of(kind: ObjectKind) -> Contact:
    """What objects of a kind do where they would overlap."""
    if isinstance(kind, Foreground):
        return Contact.FLOAT
    stacks = isinstance(kind, Cards) or (isinstance(kind, Primitives | Meshes) and kind.stack)
    return Contact.STACK if stacks else Contact.AVOID


def _make_object(name: str, slot: int, kind: ObjectKind, parameters: dict[str, Any]) -> SceneObject:
    """An object at the origin."""
    rotation = tuple(parameters.pop("rotation", Pose().rotation_wxyz))
    category = None
    if isinstance(kind, Dice):
        rotation = dice.turn_face_up(parameters["face"], parameters["chirality"], rotation)
        category = str(dice.face_up(rotation, parameters["chirality"]))
    elif isinstance(kind, Cards) and parameters["face_up"] and parameters["rank"] in kind.categories:
        category = parameters["rank"]
    return SceneObject(
        kind=name,
        slot=slot,
        source=kind.source,
        category=category,
        contact=contact_of(kind),
        pose=Pose(rotation_wxyz=rotation),
        parameters=parameters,
    )
