#!/usr/bin/env python
"""Labels against Embree's rays through the centres of pixels: where they differ, by how much, and why.

    scripts/check_labels.py --frames 300 --out outputs/labels.json
    scripts/check_labels.py --frames 12 --out outputs/labels.json camera.width_px=320 camera.height_px=240

Frames are shared out among dice, cards and meshes with holes and alpha, with clutter, occluders, shapes
before the camera, arrangements and places. Visible masks and depth are those of Cycles, whole masks those of
our own ray caster. Every instance beyond a limit is listed. It is explained where all of it lies on edges:
there, rays within 0.02 px of the pixel's centre meet now one thing and now the other, and rounding decides.
Keys of `gapless render` hold for all frames. The exit status is 1 where something is beyond a limit that
edges do not explain.
"""

import argparse
import itertools
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from draw_perforated import write_shapes
from jaxtyping import Bool, Float, Int
from oracle import AROUND, EXACTLY, Oracle, Seen, Shifts, off_edges_px, places
from scipy.ndimage import binary_erosion

from renderer.blender.session import BlenderSession, open_session
from renderer.buffers import Buffers
from renderer.catalog.library import open_library
from renderer.commands.compose import run_jobs
from renderer.commands.job import RECIPE
from renderer.commands.main import report
from renderer.commands.progress import track
from renderer.errors import GaplessError
from renderer.files import check_writable, write_json
from renderer.labels.cast import Cast, Whole, cast_view
from renderer.randomize.scenes import sample_scene
from renderer.recipe.schema import Recipe
from renderer.scene import Scene
from renderer.settle import settle

MESHES = (
    "recipe=tabletop objects.path={meshes} objects.mesh.allow_flat=true objects.mesh.count=6 "
    "layout.object_free=false"
)
SETS: Mapping[str, str] = {
    "dice": "recipe=dice seed=1",
    "dice, arranged anywhere, behind shapes": (
        "recipe=dice seed=2 layout=mixed surface=everywhere objects=[dice,clutter,foreground] "
        "objects.foreground.count=2 camera=handheld"
    ),
    "cards": "recipe=cards seed=3",
    "cards, arranged anywhere, behind shapes": (
        "recipe=cards seed=4 layout=mixed surface=everywhere objects=[cards,occluders,foreground] "
        "objects.foreground.count=2"
    ),
    "meshes": f"{MESHES} seed=5",
    "meshes, arranged anywhere": f"{MESHES} seed=6 layout=mixed surface=everywhere",
}
ALWAYS = ("engine.samples=1", "engine.denoise=false")
LEAST_MEAN_IOU = 0.999
MOST_PX, MOST_OF_PERIMETER = 2, 0.01  # that differ, the larger of both
MOST_BOX_PX = 1
MOST_VISIBILITY = 0.01
MOST_DEPTH = 0.001  # of the depth


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A labelled object's labels against the truth; None where there is nothing to compare.

    Attributes:
        cast_different_px: of the visible mask, of our own ray caster.
        off_edges_px: pixels that differ and have no edge close to their centre; so with `whole_off_edges_px`.
        box_px: by how much a side of the visible box is off, at most; so with `whole_box_px`.
        depth: largest difference over the true depth, where both show the object.
        depth_off_edges: the same, to the nearest depth close to the pixel's centre.
    """

    set: str
    frame: int
    name: str
    category: str
    visible_px: int
    perimeter_px: int
    different_px: int
    off_edges_px: int
    cast_different_px: int
    iou: float | None
    box_px: int | None
    depth: float | None
    depth_off_edges: float | None
    whole_px: int
    whole_perimeter_px: int
    whole_different_px: int
    whole_off_edges_px: int
    whole_box_px: int | None
    visibility: float | None
    visibility_off: float | None

    @property
    def faults(self) -> list[str]:
        """What is beyond its limit."""
        beyond = {
            "mask": self.different_px > _most_px(self.perimeter_px),
            "box": (self.box_px or 0) > MOST_BOX_PX,
            "depth": (self.depth or 0) > MOST_DEPTH,
            "whole mask": self.whole_different_px > _most_px(self.whole_perimeter_px),
            "whole box": (self.whole_box_px or 0) > MOST_BOX_PX,
            "visibility": (self.visibility_off or 0) > MOST_VISIBILITY,
        }
        return [name for name, is_beyond in beyond.items() if is_beyond]

    @property
    def on_edges(self) -> bool:
        """Whether all that differs lies on edges."""
        off_edges_px = self.off_edges_px + self.whole_off_edges_px
        return off_edges_px == 0 and (self.depth_off_edges or 0) <= MOST_DEPTH


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """What is said of the first view of a scene, and what is true."""

    set: str
    scene: Scene
    buffers: Buffers
    cast: Cast
    oracle: Oracle
    truth: Seen


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments of a command line; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        check_writable(options.out)
        with tempfile.TemporaryDirectory() as folder:
            write_shapes(Path(folder))
            recipes = {
                name: recipe_of(
                    [*words.format(meshes=options.meshes or folder).split(), *ALWAYS, *options.keys]
                )
                for name, words in SETS.items()
                if options.only is None or options.only in name
            }
            compared = list(compare_all(recipes, options.frames))
    except GaplessError as error:
        return report(error)
    write_json(
        options.out,
        {"instances": [asdict(row) | {"faults": row.faults, "on_edges": row.on_edges} for row in compared]},
    )
    print("\n".join(report_lines(compared)))
    return 0 if passes(compared) else 1


def parser() -> argparse.ArgumentParser:
    """The options."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("--frames", type=int, default=300, help="of all sets together (default: 300)")
    result.add_argument("--only", metavar="WORDS", help="sets with these words in their name, such as cards")
    result.add_argument("--meshes", metavar="DIR", help="your own meshes, not those of draw_perforated.py")
    result.add_argument("--out", type=Path, required=True, metavar="JSON", help="where all figures go")
    result.add_argument("keys", nargs="*", metavar="KEY=VALUE", help="a key of gapless render")
    return result


def recipe_of(overrides: Sequence[str]) -> Recipe:
    """What `gapless render` makes of a command line."""
    found: list[Recipe] = []
    run_jobs(
        list(overrides), schema=RECIPE, config_name="render",
        check=lambda job: found.append(job.settings), work=lambda job: 0,
    )  # fmt: skip
    return found[0]


def compare_all(recipes: Mapping[str, Recipe], frames: int) -> Iterator[Compared]:
    """Every labelled object of the first view of scenes, which sets take in turn."""
    libraries = {name: open_library(recipe) for name, recipe in recipes.items()}
    turns = list(itertools.islice(zip(itertools.cycle(recipes), itertools.count(), strict=False), frames))
    first = next(iter(recipes))
    with open_session(recipes[first].engine, libraries[first]) as session:
        for name, turn in track(turns, "frames"):
            at_home = replace(session, library=libraries[name])
            yield from compare_frame(name, recipes[name], at_home, turn // len(recipes))


def compare_frame(set_name: str, recipe: Recipe, session: BlenderSession, index: int) -> Iterator[Compared]:
    """The labelled objects of the first view of a scene."""
    library = session.library
    scene = settle(sample_scene(recipe, library, index), library)
    oracle = Oracle(scene, scene.views[0], library)
    frame = Frame(
        set=set_name,
        scene=scene,
        buffers=traced(session, scene),
        cast=cast_view(scene, scene.views[0], library, torch.device("cpu")),
        oracle=oracle,
        truth=oracle.image(),
    )
    numbers = [n for n, item in enumerate(scene.objects, start=1) if item.category is not None]
    for number, whole in zip(numbers, frame.cast.wholes, strict=True):
        yield compare(frame, number, whole)


def traced(session: BlenderSession, scene: Scene) -> Buffers:
    """What Blender gives for the first view of a scene."""
    try:
        session.build(scene)
        return session.trace(scene.views[0])
    finally:
        session.clear()


def compare(frame: Frame, number: int, said_whole: Whole) -> Compared:
    """Labels of one object against the truth."""
    item = frame.scene.objects[number - 1]
    said, true = frame.buffers.ids == number, frame.truth.ids == number
    everywhere, whole = in_window(said_whole, true.shape), frame.oracle.whole(number)
    true_visibility = visibility(true, whole)
    depths = depth_differences(frame, said & true, EXACTLY)
    return Compared(
        set=frame.set,
        frame=frame.scene.index,
        name=item.name,
        category=str(item.category),
        visible_px=int(true.sum()),
        perimeter_px=perimeter_px(true),
        different_px=int((said != true).sum()),
        off_edges_px=off_edges_px(lambda u, v: frame.oracle.image_at(u, v).ids == number, said != true),
        cast_different_px=int(((frame.cast.ids.numpy() == number) != true).sum()),
        iou=iou(said, true),
        box_px=box_difference_px(said, true),
        depth=float(depths.max()) if len(depths) else None,
        depth_off_edges=float(depths_off_edges(frame, said & true, depths).max()) if len(depths) else None,
        whole_px=int(whole.sum()),
        whole_perimeter_px=perimeter_px(whole),
        whole_different_px=int((everywhere != whole).sum()),
        whole_off_edges_px=whole_off_edges_px(frame, number, everywhere != whole),
        whole_box_px=box_difference_px(everywhere, whole),
        visibility=true_visibility,
        visibility_off=off(visibility(said, everywhere), true_visibility),
    )


def in_window(whole: Whole, shape_hw: tuple[int, int]) -> Bool[np.ndarray, "3*h 3*w"]:
    """A whole mask in the image and one image further on each side."""
    height, width = shape_hw
    window = np.zeros((3 * height, 3 * width), dtype=bool)
    rows, columns = np.nonzero(whole.mask.cpu().numpy())
    rows, columns = rows + whole.origin_px[1] + height, columns + whole.origin_px[0] + width
    inside = (rows >= 0) & (rows < 3 * height) & (columns >= 0) & (columns < 3 * width)
    window[rows[inside], columns[inside]] = True
    return window


def perimeter_px(mask: Bool[np.ndarray, "h w"]) -> int:
    """Pixels of a mask beside one that is none of its own, the border of the image aside."""
    return int((mask & ~binary_erosion(mask, border_value=1)).sum())


def iou(a: Bool[np.ndarray, "h w"], b: Bool[np.ndarray, "h w"]) -> float | None:
    """Intersection over union; None of two empty masks."""
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else None


def box_of(mask: Bool[np.ndarray, "h w"]) -> Int[np.ndarray, "4"] | None:
    """The tight box x0, y0, x1, y1 of a mask."""
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return None
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def box_difference_px(a: Bool[np.ndarray, "h w"], b: Bool[np.ndarray, "h w"]) -> int | None:
    """By how much a side of two masks' boxes differs at most; None where one has no box."""
    box_a, box_b = box_of(a), box_of(b)
    return None if box_a is None or box_b is None else int(np.abs(box_a - box_b).max())


def visibility(visible: Bool[np.ndarray, "h w"], whole: Bool[np.ndarray, "3*h 3*w"]) -> float | None:
    """Visible pixels over those of the whole object."""
    height, width = visible.shape
    everywhere = whole.copy()
    everywhere[height : 2 * height, width : 2 * width] |= visible
    pixels = int(everywhere.sum())
    return int(visible.sum()) / pixels if pixels else None


def off(said: float | None, true: float | None) -> float | None:
    """By how much two numbers differ; one that is missing is 0."""
    return None if said is None and true is None else abs((said or 0.0) - (true or 0.0))


def whole_off_edges_px(frame: Frame, number: int, different: Bool[np.ndarray, "3*h 3*w"]) -> int:
    """The same of an object alone, in the window."""
    height, width = frame.truth.ids.shape
    return off_edges_px(lambda u, v: frame.oracle.whole_at(number, u - width, v - height), different)


def depth_differences(frame: Frame, mask: Bool[np.ndarray, "h w"], shifts: Shifts) -> Float[np.ndarray, " n"]:
    """Of each pixel of a mask, over the true depth: to the nearest one at some of the shifts."""
    true = np.stack([frame.oracle.image_at(*place).depth_z_m[0] for place in places(mask, shifts)])
    found: np.ndarray = np.abs(frame.buffers.depth_z_m[mask] / true - 1).min(axis=0)
    return found


def depths_off_edges(
    frame: Frame, mask: Bool[np.ndarray, "h w"], differences: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """The differences, those beyond the limit to the nearest depth around the pixel's centre."""
    beyond = differences > MOST_DEPTH
    if not beyond.any():
        return differences
    of_beyond = mask.copy()
    of_beyond[mask] = beyond
    return np.concatenate([differences[~beyond], depth_differences(frame, of_beyond, AROUND)])


def passes(compared: Sequence[Compared]) -> bool:
    """Whether all is within its limit, or explained."""
    ious = [row.iou for row in compared if row.iou is not None]
    return (
        all(row.on_edges for row in compared if row.faults) and bool(ious) and np.mean(ious) >= LEAST_MEAN_IOU
    )


def report_lines(compared: Sequence[Compared]) -> list[str]:
    """A line for each set and for all, then one for each instance beyond a limit."""
    sets = {name: [row for row in compared if row.set == name] for name in SETS}
    lines = [set_line(name, rows) for name, rows in sets.items() if rows] + [set_line("all", compared)]
    return [*lines, *(fault_line(row) for row in compared if row.faults)]


def set_line(name: str, rows: Sequence[Compared]) -> str:
    """What a set came to."""
    ious = [row.iou for row in rows if row.iou is not None]
    beyond = [row for row in rows if row.faults]
    frames = len({(row.set, row.frame) for row in rows})
    return (
        f"{name}: {frames} frames, {len(ious)} visible of {len(rows)} instances\n"
        f"  masks: IoU {np.mean(ious or [np.nan]):.6f} mean, {min(ious, default=np.nan):.4f} least; "
        f"{_sum(rows, 'different_px')} px differ of {_sum(rows, 'perimeter_px')} along edges, "
        f"{_sum(rows, 'off_edges_px')} off edges ({_sum(rows, 'cast_different_px')} by our own caster); "
        f"boxes {_most(rows, 'box_px')} px off at most\n"
        f"  whole: {_sum(rows, 'whole_different_px')} px differ of {_sum(rows, 'whole_perimeter_px')}, "
        f"{_sum(rows, 'whole_off_edges_px')} off edges; boxes {_most(rows, 'whole_box_px')} px, "
        f"visibility {_most(rows, 'visibility_off'):.4f} off at most\n"
        f"  depth: {_most(rows, 'depth'):.1e} off at most, {_most(rows, 'depth_off_edges'):.1e} off edges\n"
        f"  beyond a limit: {len(beyond)}, {sum(row.on_edges for row in beyond)} of them on edges"
    )


def fault_line(row: Compared) -> str:
    """An instance beyond a limit."""
    figures = {name: f"{v:.5g}" if isinstance(v, float) else v for name, v in asdict(row).items()}
    words = ", ".join(f"{name} {value}" for name, value in figures.items())
    return f"{', '.join(row.faults)} beyond{', on edges' if row.on_edges else ''}: {words}"


def _sum(rows: Sequence[Compared], name: str) -> int:
    return sum(getattr(row, name) for row in rows)


def _most(rows: Sequence[Compared], name: str) -> Any:
    return max((value for row in rows if (value := getattr(row, name)) is not None), default=0)


def _most_px(perimeter: int) -> float:
    return max(MOST_PX, MOST_OF_PERIMETER * perimeter)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
