"""Drawing the objects of a scene, kind by kind; `renderer.randomize.placing` lays them out."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from renderer.catalog import dice
from renderer.catalog.library import Library
from renderer.catalog.sources import is_labelled
from renderer.randomize.arrangements import Fan
from renderer.randomize.draws import DrawRecorder
from renderer.randomize.following import (
    can_be_stacked,
    contact_of,
    followed,
    is_sheet,
    layout_factors,
    tumbles,
)
from renderer.randomize.plan import factors_of
from renderer.recipe.keys import Factor, Level
from renderer.recipe.objects import Cards, Dice, Meshes, ObjectKind
from renderer.recipe.places import Layout
from renderer.recipe.schema import Recipe
from renderer.rotation import quaternion_about, quaternion_product, rotation_share
from renderer.scene import Contact, Pose, Quaternion, SceneObject

Disc = tuple[float, float, float]  # x, y, radius in metres
LATE = frozenset({"x_fraction", "y_fraction"})  # drawn when an object is placed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drafted:
    """The objects of one kind as drawn and turned, at the origin: what is left is where they go.

    Attributes:
        values: of the factors of the layout that the arrangement takes, by their short names.
    """

    kind: ObjectKind
    arrangement: str
    values: Mapping[str, Any]
    items: tuple[SceneObject, ...]
    drawer: "KindDrawer"

    def fan(self) -> Fan:
        """How sheets overlap; those in a hand are always about a pivot."""
        return _fan(self.values)


def draft_objects(draws: DrawRecorder, recipe: Recipe, library: Library) -> list[Drafted]:
    """Draw every kind of object but for places, those that can be labelled first; each kind on its own."""
    kinds, layout = recipe.objects, recipe.layout
    arrangement, physics = draws.draw(layout.arrangement), draws.draw(layout.physics)
    if draws.draw(layout.object_free):
        kinds = {name: kind for name, kind in kinds.items() if not is_labelled(kind)}
    order = sorted(kinds, key=lambda name: (not is_labelled(kinds[name]), name))
    around = _Around(library=library, layout=layout, arrangement=arrangement, physics=physics)
    return [_draft_kind(draws, name, kinds[name], around) for name in order]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Around:
    """What kinds are drawn from and follow: the user's meshes, the layout, what it drew."""

    library: Library
    layout: Layout
    arrangement: str
    physics: bool


def _draft_kind(draws: DrawRecorder, name: str, kind: ObjectKind, around: _Around) -> Drafted:
    factors = factors_of(kind, f"objects.{name}.")
    count = draws.draw(factors["count"])
    alike = {short: f for short, f in factors.items() if f.spec.shared and short != "count" and count > 0}
    shared = {short: draws.draw(f) for short, f in alike.items()}
    arrangement = followed(kind, shared.pop("arrangement", None), around.arrangement)
    needed = layout_factors(kind, arrangement) if count > 0 else ()
    values = {short: draws.draw(getattr(around.layout, short)) for short in needed}
    own = {s: f for s, f in factors.items() if not f.spec.shared and f.spec.level is Level.SCENE}
    drawer = KindDrawer(
        draws=draws, kind=kind, factors=own, tumbles=tumbles(kind, arrangement, around.physics)
    )
    items = []
    for slot in range(count):
        aligned = _alignment(kind, arrangement, values, slot, count)
        item = _make_object(name, slot, kind, shared | drawer.parameters(slot), aligned)
        if isinstance(kind, Meshes):
            item = _with_mesh(item, around.library)
        elif isinstance(kind, Dice) and drawer.tumbles:
            item = replace(item, category=str(item.parameters["face"]))
        unstacked = arrangement == "stacks" and not can_be_stacked(item.parameters)
        contact = contact_of(kind, "scattered" if unstacked else arrangement, around.physics)
        items.append(replace(item, contact=contact))
    return Drafted(kind=kind, arrangement=arrangement, values=values, items=tuple(items), drawer=drawer)


def _alignment(
    kind: ObjectKind, arrangement: str, values: Mapping[str, Any], slot: int, count: int
) -> Callable[[Quaternion], Quaternion]:
    """What becomes of a drawn rotation: an arrangement leaves as much of it as its disorder says."""
    if "disorder" not in values:
        return lambda rotation: rotation
    turn = 0.0 if arrangement == "held" else math.radians(values["turn_deg"])
    if is_sheet(kind) and arrangement in ("fan", "held"):
        turn += _fan(values).angle_rad(slot, count)
    straight = quaternion_about((0, 0, 1), turn)
    return lambda rotation: quaternion_product(straight, rotation_share(rotation, values["disorder"]))


def _fan(values: Mapping[str, Any]) -> Fan:
    return Fan(
        style=values.get("fan_style", "pivot"),
        opening_rad=math.radians(values["fan_opening_deg"]),
        overlap=values["fan_overlap"],
    )


def _with_mesh(item: SceneObject, library: Library) -> SceneObject:
    """The object with the file that was drawn for it, and its category."""
    mesh = library.shelves[item.kind].mesh_at(item.parameters["mesh"])
    return replace(item, category=mesh.category, parameters={**item.parameters, "file": mesh.name})


@dataclass(frozen=True, slots=True, kw_only=True)
class KindDrawer:
    """Draws the objects of one kind, slot by slot.

    Attributes:
        factors: those drawn for each object.
        tumbles: whether they are turned by `tumble`, and not by `rotation`.
        placed: where objects of the kind lie already.
    """

    draws: DrawRecorder
    kind: ObjectKind
    factors: Mapping[str, Factor]
    tumbles: bool
    placed: list[Disc] = field(default_factory=list)

    def parameters(self, slot: int) -> dict[str, Any]:
        """All but the place; a die's pips and swirl are drawn again until the pips stand out."""
        late = LATE | {"rotation" if self.tumbles else "tumble"}
        drawn = {short: self.draws.draw(f, slot) for short, f in self.factors.items() if short not in late}
        if self.tumbles:
            drawn["rotation"] = drawn.pop("tumble")
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

    def shift(self, slot: int) -> tuple[float, float]:
        """The first place that is drawn, across and along, in [-1, 1]."""
        x, y = (self.draws.draw(self.factors[name], slot) for name in ("x_fraction", "y_fraction"))
        return x, y

    def place(
        self, slot: int, radius: float, half_size_m: Sequence[float], gap_m: float = 0.0, again: bool = True
    ) -> tuple[float, float]:
        """A place in the layout area, free of others of the kind where they avoid contact.

        Args:
            again: whether it is drawn again until it is free.
        """
        x, y = self.factors["x_fraction"], self.factors["y_fraction"]
        reach_x, reach_y = (max(half - radius, 0.0) for half in half_size_m)

        def is_free(values: Mapping[str, Any]) -> bool:
            px, py = values[x.name] * reach_x, values[y.name] * reach_y
            return all(
                (px - qx) ** 2 + (py - qy) ** 2 >= (radius + q + gap_m) ** 2 for qx, qy, q in self.placed
            )

        overlaps = not again or contact_of(self.kind) is Contact.STACK
        values = self.draws.draw_until([x, y], slot, (lambda _: True) if overlaps else is_free)
        place = values[x.name] * reach_x, values[y.name] * reach_y
        self.placed.append((*place, radius))
        return place


def contrast_ratio(a: Sequence[float], b: Sequence[float]) -> float:
    """Contrast ratio in [1, 21] of two linear RGB colours (WCAG 2.2)."""
    one, other = _luminance(a) + 0.05, _luminance(b) + 0.05
    return max(one, other) / min(one, other)


def _luminance(color: Sequence[float]) -> float:
    red, green, blue = color
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _make_object(
    name: str,
    slot: int,
    kind: ObjectKind,
    parameters: dict[str, Any],
    aligned: Callable[[Quaternion], Quaternion],
) -> SceneObject:
    """An object at the origin."""
    drawn = tuple(parameters.pop("rotation", Pose().rotation_wxyz))
    rotation = aligned(drawn)
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
