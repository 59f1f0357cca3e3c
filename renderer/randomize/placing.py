"""Laying out the objects of a scene in the layout area."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from renderer.catalog import dice
from renderer.catalog.cards.mesh import HEIGHT_M, WIDTH_M
from renderer.catalog.library import Library
from renderer.catalog.sources import Support, is_labelled, radius_m, support_of
from renderer.randomize.arrangements import (
    START_GAP_M,
    Area,
    Order,
    Piece,
    Point,
    lay_block,
    lay_fan,
    lay_pile,
    lift,
    stacks_of,
)
from renderer.randomize.draws import DrawRecorder
from renderer.randomize.following import is_sheet
from renderer.randomize.holding import Grip, Hand, hand_of_one, hand_of_sheets
from renderer.randomize.objects import Drafted, draft_objects
from renderer.recipe.schema import Recipe
from renderer.scene import Contact, SceneObject

BLOCKS = ("rows", "grid", "stacks")  # kinds that follow one of them stand in one block
STACK_SHIFT = 0.25  # of half an object's smaller side: how far disorder shifts it on its stack
CIRCLE_CORNERS = 32

Outline = Float[np.ndarray, "n 2"]
Places = Mapping[str, Point]  # by the names of objects


def layout_half_size_m(draws: DrawRecorder, recipe: Recipe, library: Library) -> tuple[float, float]:
    """Half width and half depth of the layout area, scaled to the density if there is one."""
    layout = recipe.layout
    half_size_m = (draws.draw(layout.half_width_m), draws.draw(layout.half_depth_m))
    density = None if layout.density is None else draws.draw(layout.density)
    if density is None:
        return half_size_m
    kinds = [crew for crew in draft_objects(draws, recipe, library) if is_labelled(crew.kind)]
    radii = [radius_m(item, library) for crew in kinds for item in crew.items]
    if not radii:
        return half_size_m
    covered_m2 = math.pi * sum(radius**2 for radius in radii)
    scale = math.sqrt(covered_m2 / (density * 4 * half_size_m[0] * half_size_m[1]))
    scale = max(scale, max(radii) / min(half_size_m))
    return half_size_m[0] * scale, half_size_m[1] * scale


def draw_objects(
    draws: DrawRecorder, recipe: Recipe, library: Library, half_size_m: tuple[float, float]
) -> tuple[SceneObject, ...]:
    """Draw all objects and lay them out; what can be labelled comes first.

    Scattered places are drawn again while an object overlaps another of its own kind. Overlaps across kinds
    are left to settling, so that one more object of a kind changes no draw of another kind. What falls begins
    above all that it could fall on.
    """
    crews = draft_objects(draws, recipe, library)
    placing = _Placing(library, half_size_m)
    blocks: dict[str, Point] = {}
    for arrangement in BLOCKS:
        blocks |= placing.block([crew for crew in crews if crew.arrangement == arrangement], arrangement)
    objects = [item for crew in crews for item in placing.place(crew, blocks)]
    drops = {
        item.name: crew.values["drop_height_m"]
        for crew in crews
        for item in crew.items
        if "drop_height_m" in crew.values
    }
    return tuple(_lifted(objects, drops, library))


class _Placing:
    """Places kinds of objects in the layout area."""

    def __init__(self, library: Library, half_size_m: tuple[float, float]) -> None:
        self.library = library
        self.half_size_m = half_size_m

    def place(self, crew: Drafted, blocks: Places) -> list[SceneObject]:
        """The objects of a kind where they go; those of a stack from the bottom."""
        if crew.arrangement == "held" and crew.items:
            return self._hold(crew)
        grounded = [item for item in crew.items if item.contact is not Contact.FLOAT]
        places = dict(blocks) if crew.arrangement in BLOCKS else self._own_places(crew, grounded)
        gap_m = crew.values.get("gap_m", 0.0)
        for item in grounded:
            if item.name not in places:
                radius = radius_m(item, self.library)
                again = crew.arrangement == "scattered"  # else a draw would depend on what has room
                places[item.name] = crew.drawer.place(item.slot, radius, self.half_size_m, gap_m, again)
        items = [_at(item, places[item.name]) if item.name in places else item for item in crew.items]
        rank = {name: number for number, name in enumerate(blocks)}
        return sorted(items, key=lambda item: rank.get(item.name, len(rank)))

    def _own_places(self, crew: Drafted, items: Sequence[SceneObject]) -> dict[str, Point]:
        if not items or crew.arrangement not in ("pile", "fan"):
            return {}
        shifts = [crew.drawer.shift(item.slot) for item in items]
        area = self._area(crew)
        if crew.arrangement == "pile":
            radii = [radius_m(item, self.library) for item in items]
            radius = crew.values["pile_radius_fraction"] * min(self.half_size_m)
            radius += max(radii) if is_sheet(crew.kind) else 0.0
            places = lay_pile(radii, shifts, radius, area)
        else:
            places = self._fanned(crew, items, area)
        return {item.name: place for item, place in zip(items, places, strict=True)}

    def _fanned(self, crew: Drafted, items: Sequence[SceneObject], area: Area) -> list[Point]:
        fan, offsets = crew.fan(), []
        for slot, item in enumerate(items):
            scale, (x, y) = item.parameters["scale"], crew.drawer.shift(item.slot)
            size_m = (WIDTH_M * scale, HEIGHT_M * scale)
            slack = crew.values["disorder"] * (1 - fan.overlap) / 2
            along, up = fan.offset_m(slot, len(items), size_m)
            offsets.append((along + slack * x * size_m[0], up + slack * y * size_m[1]))
        outlines = [support_of(item, self.library).outline_m for item in items]
        return lay_fan(outlines, offsets, math.radians(crew.values["turn_deg"]), area)

    def block(self, crews: Sequence[Drafted], arrangement: str) -> dict[str, Point]:
        """Where the objects of kinds that stand in rows, a grid or stacks go, in the order of stacking."""
        members = [stack for crew in crews for stack in self._stacks(crew)]
        if not members:
            return {}
        values = next(crew.values for crew in crews if crew.items)
        order = Order(
            turn_rad=math.radians(values["turn_deg"]),
            spacing=values["spacing"],
            disorder=values["disorder"],
            is_grid=arrangement == "grid",
        )
        area = self._area(next(crew for crew in crews if crew.items))
        places = lay_block([piece for piece, _ in members], area, order)
        return {
            name: (place[0] + x, place[1] + y)
            for place, (_, offsets) in zip(places, members, strict=True)
            if place is not None
            for name, (x, y) in offsets.items()
        }

    def _stacks(self, crew: Drafted) -> list[tuple[Piece, dict[str, Point]]]:
        """Stacks of a kind as pieces, with the offsets of their members; of one object where not stacked."""
        if not crew.items:
            return []
        items = list(crew.items)
        outlines = {item.name: self._outline(item) for item in items}
        if crew.arrangement == "stacks":
            items = [item for item in items if item.contact in (Contact.STACK, Contact.FALL)]
        most = crew.values["stack_height"] if crew.arrangement == "stacks" else 1
        sizes = [float(np.ptp(outlines[item.name], axis=0).max()) for item in items]
        chunks = stacks_of(sizes, most) if crew.arrangement == "stacks" else [[n] for n in range(len(items))]
        stacks = []
        for chunk in chunks:
            shifts = [crew.drawer.shift(items[n].slot) for n in chunk]
            offsets = {}
            for n, (x, y) in zip(chunk, shifts, strict=True):
                slack = STACK_SHIFT * float(np.ptp(outlines[items[n].name], axis=0).min()) / 2
                slack *= crew.values["disorder"] if crew.arrangement == "stacks" else 0.0
                offsets[items[n].name] = (slack * x, slack * y)
            outline = np.concatenate([outlines[name] + offset for name, offset in offsets.items()])
            stacks.append((Piece(outline_m=outline, shift=shifts[0]), offsets))
        return stacks

    def _outline(self, item: SceneObject) -> Outline:
        """From above, as it is turned; of what is pushed aside where it touches others, a circle."""
        if item.contact is not Contact.AVOID:
            return support_of(item, self.library).outline_m
        angles = np.arange(CIRCLE_CORNERS) * (2 * math.pi / CIRCLE_CORNERS)
        radius = radius_m(item, self.library) / math.cos(math.pi / CIRCLE_CORNERS)
        return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)

    def _area(self, crew: Drafted) -> Area:
        center = (crew.values["center_x_fraction"], crew.values["center_y_fraction"])
        return Area(half_size_m=self.half_size_m, center=center)

    def _hold(self, crew: Drafted) -> list[SceneObject]:
        """Sheets in one hand, all else each between two fingers of its own; the fingers come last."""
        values = crew.values
        grip = Grip(
            turn_deg=values["turn_deg"],
            tilt_deg=values["held_tilt_deg"],
            height_m=values["held_height_m"],
            finger_width_m=values["finger_width_m"],
            skin_color=values["skin_color"],
        )
        if is_sheet(crew.kind):
            hands = [hand_of_sheets(crew.items, self.library, crew.fan(), grip.finger_width_m)]
        else:
            hands = [hand_of_one(item, self.library, grip.finger_width_m) for item in crew.items]
        raised = [item for hand in hands for item in self._raise(crew, hand, grip)]
        return sorted(raised, key=lambda item: item.kind != crew.items[0].kind)

    def _raise(self, crew: Drafted, hand: Hand, grip: Grip) -> list[SceneObject]:
        gap_m = crew.values.get("gap_m", 0.0)
        place = crew.drawer.place(hand.items[0].slot, hand.reach_m(grip), self.half_size_m, gap_m)
        return [_with_face_up(item) for item in hand.raised(grip, place)]


def _at(item: SceneObject, place: Point) -> SceneObject:
    return replace(item, pose=replace(item.pose, position_m=(*place, 0.0)))


def _with_face_up(item: SceneObject) -> SceneObject:
    """A die that leans has the category of the face that points up most."""
    if item.source != "die":
        return item
    face = dice.face_up(item.pose.rotation_wxyz, item.parameters["chirality"])
    return replace(item, category=str(face))


def _lifted(
    objects: Sequence[SceneObject], drops_m: Mapping[str, float], library: Library
) -> list[SceneObject]:
    """The objects with those that fall above the ground and above each other and all else that is there."""
    falling = [item for item in objects if item.contact is Contact.FALL]
    if not falling:
        return list(objects)
    still = [item for item in objects if item.contact in (Contact.AVOID, Contact.STACK)]
    supports = {item.name: support_of(item, library) for item in (*still, *falling)}
    outlines = [supports[i.name].outline_m + i.pose.position_m[:2] for i in (*still, *falling)]
    heights = [_extent_m(supports[item.name]) for item in (*still, *falling)]
    least = [0.0] * len(still) + [drops_m.get(item.name, START_GAP_M) for item in falling]
    lower = lift(outlines, heights, least)[len(still) :]
    risen = {
        item.name: _raised(item, supports[item.name], low) for item, low in zip(falling, lower, strict=True)
    }
    return [risen.get(item.name, item) for item in objects]


def _extent_m(support: Support) -> float:
    lower = support.lower_m(support.outline_m)
    return float(lower.max() - lower.min()) + support.height_m


def _raised(item: SceneObject, support: Support, low_m: float) -> SceneObject:
    x, y, _ = item.pose.position_m
    z = low_m - float(support.lower_m(support.outline_m).min())
    return replace(item, pose=replace(item.pose, position_m=(x, y, z)))
