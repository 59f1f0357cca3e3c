#!/usr/bin/env python
"""Labels against Embree's rays through the centres of pixels: where they differ, by how much, and why.

    scripts/check_labels.py --frames 300 --out outputs/labels.json
    scripts/check_labels.py --frames 12 --out outputs/labels.json camera.width_px=320 camera.height_px=240

Frames are shared out among dice, cards and meshes with holes and alpha, with clutter, occluders, shapes
before the camera, arrangements and places. Labels are those that a record gets: visible masks and depth from
Cycles, whole masks from our own ray caster. Every instance beyond a limit is listed. It is explained where
all of it lies on edges: there, rays within 0.02 px of the pixel's centre meet now one thing and now the
other, and rounding decides. Keys of `gapless render` hold for all frames. The exit status is 1 where
something is beyond a limit that edges do not explain, or a frame failed certification.
"""

import argparse
import itertools
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from draw_perforated import write_shapes
from label_differences import Compared, Frame, compare
from oracle import Oracle

from renderer.blender.session import BlenderSession, open_session
from renderer.buffers import Buffers
from renderer.catalog.library import open_library
from renderer.commands.compose import compose_recipe
from renderer.commands.main import report
from renderer.commands.progress import track
from renderer.errors import GaplessError, InputError
from renderer.execution.frame import Traced, label_view
from renderer.files import check_writable, write_json
from renderer.labels.cast import cast_view
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
CPU = torch.device("cpu")
ONE_THREAD = 1  # of torch: more wait for each other where others compute too, 10 to 20 times as long


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the frames came to.

    Attributes:
        rejected: a line for each frame that failed certification.
    """

    compared: list[Compared] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)

    @property
    def passes(self) -> bool:
        """Whether all is within its limit, or explained."""
        ious = [row.iou for row in self.compared if row.iou is not None]
        explained = all(row.on_edges for row in self.compared if row.faults)
        return explained and not self.rejected and bool(ious) and float(np.mean(ious)) >= LEAST_MEAN_IOU


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments of a command line; returns the exit status."""
    options = parser().parse_args(arguments)
    torch.set_num_threads(ONE_THREAD)
    try:
        check_writable(options.out.parent)
        with tempfile.TemporaryDirectory() as folder:
            write_shapes(Path(folder))
            meshes = options.meshes or folder
            recipes = {
                name: compose_recipe([*SETS[name].format(meshes=meshes).split(), *ALWAYS, *options.keys])
                for name in chosen_sets(options.only)
            }
            outcome = compare_all(recipes, options.frames)
    except GaplessError as error:
        return report(error)
    rows = [asdict(row) | {"faults": row.faults, "on_edges": row.on_edges} for row in outcome.compared]
    write_json(options.out, {"instances": rows, "rejected": outcome.rejected})
    print("\n".join(report_lines(outcome)))
    return 0 if outcome.passes else 1


def parser() -> argparse.ArgumentParser:
    """The options."""
    result = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("--frames", type=positive, default=300, help="of all sets together (default: 300)")
    result.add_argument(
        "--only", default="", metavar="WORDS", help="sets with these words in their name, such as cards"
    )
    result.add_argument("--meshes", metavar="DIR", help="your own meshes, not those of draw_perforated.py")
    result.add_argument("--out", type=Path, required=True, metavar="JSON", help="where all figures go")
    result.add_argument("keys", nargs="*", metavar="KEY=VALUE", help="a key of gapless render")
    return result


def chosen_sets(words: str) -> list[str]:
    """The names of the sets that have these words.

    Raises:
        InputError: there are none.
    """
    chosen = [name for name in SETS if words in name]
    if not chosen:
        raise InputError(f"--only must be part of a set's name, got '{words}'; sets are: {'; '.join(SETS)}")
    return chosen


def positive(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1, got {text}")
    return int(text)


def compare_all(recipes: Mapping[str, Recipe], frames: int) -> Outcome:
    """Every labelled object of the first view of scenes, which sets take in turn."""
    libraries = {name: open_library(recipe) for name, recipe in recipes.items()}
    turns = list(itertools.islice(zip(itertools.cycle(recipes), itertools.count(), strict=False), frames))
    first, outcome = next(iter(recipes)), Outcome()
    with open_session(recipes[first].engine, libraries[first]) as session:
        for name, turn in track(turns, "frames"):
            at_home = replace(session, library=libraries[name])
            frame = frame_of(name, recipes[name], at_home, turn // len(recipes))
            if isinstance(frame, str):
                outcome.rejected.append(frame)
            else:
                outcome.compared.extend(compare(frame, entry) for entry in frame.labelled.instances)
    return outcome


def frame_of(set_name: str, recipe: Recipe, session: BlenderSession, index: int) -> Frame | str:
    """The first view of a scene, labelled as a shard does it, and the truth; or why it was rejected."""
    library = session.library
    scene = settle(sample_scene(recipe, library, index), library)
    view, buffers = scene.views[0], traced(session, scene)
    cast = cast_view(scene, view, library, CPU)
    labelled = label_view(recipe, library, Traced(scene=scene, view=view, buffers=buffers), cast, CPU)
    if labelled.certificate.fault is not None:
        return f"{set_name}, frame {index}: rejected, {labelled.certificate.fault.reason}"
    oracle = Oracle(scene, view, library)
    return Frame(set=set_name, index=index, labelled=labelled, cast=cast, oracle=oracle, truth=oracle.image())


def traced(session: BlenderSession, scene: Scene) -> Buffers:
    """What Blender gives for the first view of a scene."""
    try:
        session.build(scene)
        return session.trace(scene.views[0])
    finally:
        session.clear()


def report_lines(outcome: Outcome) -> list[str]:
    """Lines for each set and for all, then one for each instance beyond a limit and each rejected frame."""
    compared = outcome.compared
    sets = {name: [row for row in compared if row.set == name] for name in SETS}
    lines = [set_line(name, rows) for name, rows in sets.items() if rows] + [set_line("all", compared)]
    return [*lines, *(fault_line(row) for row in compared if row.faults), *outcome.rejected]


def set_line(name: str, rows: Sequence[Compared]) -> str:
    """What a set came to."""
    ious = [row.iou for row in rows if row.iou is not None]
    beyond = [row for row in rows if row.faults]
    frames = len({(row.set, row.frame) for row in rows})
    return (
        f"{name}: {frames} frames with labelled objects, {len(ious)} visible of {len(rows)} instances\n"
        f"  masks: IoU {np.mean(ious or [np.nan]):.6f} mean, {min(ious, default=np.nan):.4f} least; "
        f"{_sum(rows, 'different_px')} px differ of {_sum(rows, 'perimeter_px')} along edges, "
        f"{_sum(rows, 'off_edges_px')} off edges ({_sum(rows, 'cast_different_px')} by our own caster); "
        f"boxes {_most(rows, 'box_px')} px off at most\n"
        f"  whole: {_sum(rows, 'whole_different_px')} px differ of {_sum(rows, 'whole_perimeter_px')}, "
        f"{_sum(rows, 'whole_off_edges_px')} off edges; boxes {_most(rows, 'whole_box_px')} px, "
        f"visibility {_most(rows, 'visibility_off'):.4f} and truncation {_most(rows, 'truncation_off'):.4f} "
        "off at most\n"
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
