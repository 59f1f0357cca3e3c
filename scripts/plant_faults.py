#!/usr/bin/env python
"""Plants faults of every kind into rendered views, and counts how many certification catches.

    scripts/plant_faults.py
    scripts/plant_faults.py --views 4 --faults 20
    scripts/plant_faults.py --meshes my_meshes

Views of dice and cards, and with --meshes of the tabletop, are rendered once; each fault is planted in one of
them at a place drawn from the seed. It counts as caught where the check that is made for it rejects the view,
and names the object where there is one. Exit status 1 where a fault was missed or a view without one was
rejected.
"""

import argparse
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import bpy
import numpy as np
import torch
from numpy.random import Generator

from renderer.blender.nodes import principled
from renderer.blender.session import BlenderSession, open_session
from renderer.catalog.library import Library, open_library
from renderer.catalog.model import Image
from renderer.commands.compose import compose_recipe
from renderer.commands.progress import track
from renderer.commands.table import print_table
from renderer.dataset.record import FrameSource
from renderer.execution.frame import Traced, finish_frame, label_view
from renderer.labels.cast import Cast, cast_view
from renderer.labels.certificate import Certificate
from renderer.labels.certify import certify_view
from renderer.labels.image_checks import certify_image
from renderer.randomize.scenes import sample_scene
from renderer.recipe.schema import Recipe
from renderer.settle import settle

CPU = torch.device("cpu")
SMALL = ("camera.width_px=320", "camera.height_px=240", "engine.samples=4", "sensor=varied")
RECIPES = ("dice", "cards")
LEAST_PIXELS = 30  # of an object that a fault is planted into
SHIFTS_PX = (2, 6)  # the least and the largest
BLACKEST = 3  # values of a black image are below it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rendered:
    """A view without a fault.

    Attributes:
        image: of its first shot; None where it was rejected.
        faults: why it was rejected, in words; empty where it was not.
        broken: ways in which an image is missing in it: the object's name, and the buffers then traced.
    """

    traced: Traced
    cast: Cast
    image: Image | None
    faults: str
    broken: Sequence[tuple[str, Traced]]

    def seen(self) -> list[int]:
        """The ids of the objects that can be seen well enough."""
        counts = np.bincount(self.traced.buffers.ids.ravel())
        return [number for number in range(1, len(counts)) if counts[number] >= LEAST_PIXELS]

    def name(self, number: int) -> str:
        """The name of the object with an id."""
        return self.traced.scene.objects[number - 1].name

    def certify(self, ids: np.ndarray) -> Certificate:
        """Certify the view with other ids."""
        traced = self.traced
        return certify_view(replace(traced.buffers, ids=ids), self.cast, traced.scene)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What certification said of a planted fault, and which words its reason must have."""

    certificate: Certificate
    words: tuple[str, ...] = ()


def swapped_ids(view: Rendered, rng: Generator) -> Outcome | None:
    """Two objects have each other's ids."""
    seen = view.seen()
    if len(seen) < 2:
        return None
    one, other = (int(n) for n in rng.choice(seen, size=2, replace=False))
    ids = view.traced.buffers.ids.copy()
    ids[view.traced.buffers.ids == one], ids[view.traced.buffers.ids == other] = other, one
    return Outcome(certificate=view.certify(ids), words=(view.name(one), view.name(other)))


def shifted_mask(view: Rendered, rng: Generator) -> Outcome | None:
    """An object is seen a few pixels off its place."""
    if not view.seen():
        return None
    number = int(rng.choice(view.seen()))
    right, down = (int(v) for v in rng.integers(-SHIFTS_PX[1], SHIFTS_PX[1] + 1, size=2))
    if max(abs(right), abs(down)) < SHIFTS_PX[0]:
        right = SHIFTS_PX[0]
    ids = view.traced.buffers.ids.copy()
    row, column = np.nonzero(ids == number)
    ids[row, column] = 0
    row, column = row + down, column + right
    inside = (0 <= row) & (row < ids.shape[0]) & (0 <= column) & (column < ids.shape[1])
    ids[row[inside], column[inside]] = number
    return Outcome(certificate=view.certify(ids), words=(view.name(number),))


def dropped_object(view: Rendered, rng: Generator) -> Outcome | None:
    """An object is not seen at all."""
    if not view.seen():
        return None
    number = int(rng.choice(view.seen()))
    ids = np.where(view.traced.buffers.ids == number, np.int32(0), view.traced.buffers.ids)
    return Outcome(certificate=view.certify(ids), words=(view.name(number),))


def nan_pixel(view: Rendered, rng: Generator) -> Outcome:
    """One number of one pixel is none, of the radiance or of the depth."""
    traced = view.traced
    buffers = replace(
        traced.buffers, radiance=traced.buffers.radiance.copy(), depth_z_m=traced.buffers.depth_z_m.copy()
    )
    row, column = (int(rng.integers(side)) for side in buffers.ids.shape)
    if rng.random() < 0.5:
        buffers.radiance[row, column, rng.integers(3)] = rng.choice([np.nan, np.inf, -np.inf])
    else:
        buffers.depth_z_m[row, column] = np.nan
    certificate = certify_view(buffers, view.cast, traced.scene)
    return Outcome(certificate=certificate, words=(f"in column {column} of row {row}",))


def black_image(view: Rendered, rng: Generator) -> Outcome:
    """The image is black, but for a little noise."""
    ids = view.traced.buffers.ids
    image = rng.integers(0, BLACKEST, size=(*ids.shape, 3)).astype(np.uint8)
    return Outcome(certificate=certify_image(image, ids), words=("black",))


def missing_texture(view: Rendered, rng: Generator) -> Outcome | None:
    """Blender does not have an image that an object is made with."""
    if not view.broken:
        return None
    name, traced = view.broken[int(rng.integers(len(view.broken)))]
    certificate = certify_view(traced.buffers, view.cast, traced.scene)
    return Outcome(certificate=certificate, words=(name,))


Plant = Callable[[Rendered, Generator], Outcome | None]
PLANTS: Mapping[str, tuple[Plant, str]] = {
    "swapped ids": (swapped_ids, "rays"),
    "shifted mask": (shifted_mask, "rays"),
    "dropped object": (dropped_object, "rays"),
    "NaN pixel": (nan_pixel, "finite"),
    "black image": (black_image, "exposure"),
    "missing texture": (missing_texture, "textures"),
}


def render_views(recipe: Recipe, views: int, rng: Generator) -> Iterator[Rendered]:
    """Render the first views of a recipe, and each again with images missing."""
    library = open_library(recipe)
    with open_session(recipe.engine, library) as session:
        for index in range(views):
            scene = settle(sample_scene(recipe, library, index), library)
            session.build(scene)
            traced = Traced(scene=scene, view=scene.views[0], buffers=session.trace(scene.views[0]))
            broken = list(_break(session, traced, rng))
            session.clear()
            yield _rendered(recipe, library, traced, broken)


def _rendered(
    recipe: Recipe, library: Library, traced: Traced, broken: Sequence[tuple[str, Traced]]
) -> Rendered:
    source = FrameSource(frame=0, scene=traced.scene, view=traced.view, shot=traced.view.shots[0])
    cast = cast_view(traced.scene, traced.view, library, CPU)
    frame = finish_frame(source, label_view(recipe, library, traced, cast, CPU), CPU)
    return Rendered(
        traced=traced,
        cast=cast,
        image=frame.image,
        faults=str(frame.record.get("reason", "")),
        broken=broken,
    )


def _break(session: BlenderSession, traced: Traced, rng: Generator) -> Iterator[tuple[str, Traced]]:
    """Trace the view with an image missing in the base colour of some objects, one after the other."""
    items = [item for item in bpy.context.scene.objects if item.pass_index and item.material_slots]
    for item in rng.permutation(np.array(items, dtype=object))[:2]:
        with _without_image(item.material_slots[0].material, is_lost=bool(rng.random() < 0.5)):
            yield item.name, replace(traced, buffers=session.trace(traced.view))


@contextmanager
def _without_image(material: bpy.types.Material, *, is_lost: bool) -> Iterator[None]:
    """Let the base colour come from a file that is not there, or from no image at all."""
    tree = material.node_tree
    color = principled(tree).inputs["Base Color"]
    before = color.links[0].from_socket if color.is_linked else None
    node = tree.nodes.new("ShaderNodeTexImage")
    if is_lost:
        node.image = bpy.data.images.new("lost", 4, 4)
        node.image.source, node.image.filepath = "FILE", "/nowhere/lost.png"
    tree.links.new(node.outputs["Color"], color)
    try:
        yield
    finally:
        tree.nodes.remove(node)
        if before is not None:
            tree.links.new(before, color)


def plant(views: Sequence[Rendered], kind: str, faults: int, rng: Generator) -> list[str]:
    """Plant faults of one kind into views in turn; returns what was said of those that were missed."""
    put, check = PLANTS[kind]
    outcomes = (put(view, rng) for view in itertools.cycle(views))
    planted = itertools.islice((outcome for outcome in outcomes if outcome is not None), faults)
    return [str(outcome.certificate.fault) for outcome in planted if not _is_caught(outcome, check)]


def _is_caught(outcome: Outcome, check: str) -> bool:
    fault = outcome.certificate.fault
    return fault is not None and fault.check == check and any(word in fault.reason for word in outcome.words)


def main() -> int:
    """Render, plant, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--views", type=int, default=8, help="of each recipe (8)")
    parser.add_argument("--faults", type=int, default=100, help="of each kind (100)")
    parser.add_argument("--seed", type=int, default=0, help="of the places of the faults (0)")
    parser.add_argument("--meshes", help="folder of meshes: renders the tabletop with them, too")
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    views: list[Rendered] = []
    for recipe in _recipes(arguments.meshes):
        rendered = render_views(recipe, arguments.views, rng)
        views += track(rendered, f"render {recipe.name}", total=arguments.views)
    missed = {kind: plant(views, kind, arguments.faults, rng) for kind in PLANTS}
    rows = [
        (kind, f"{arguments.faults - len(said)} of {arguments.faults}", "; ".join(said[:2]))
        for kind, said in missed.items()
    ]
    alarms = [view.faults for view in views if view.faults]
    rows.append(("no fault", f"{len(alarms)} of {len(views)} rejected", "; ".join(alarms[:2])))
    print_table(("planted", "caught", "missed, and what was said instead"), rows)
    return int(bool(alarms) or any(missed.values()))


def _recipes(meshes: str | None) -> Iterator[Recipe]:
    keys: dict[str, list[str]] = {name: [] for name in RECIPES}
    if meshes is not None:
        keys["tabletop"] = [f"objects.path={meshes}"]
    for name, own in keys.items():
        yield compose_recipe([f"recipe={name}", *SMALL, *own])


if __name__ == "__main__":
    sys.exit(main())
