#!/usr/bin/env python
"""What settling by physics does and costs: piles let go again for a second, and resting faces of dice.

    scripts/measure_settling.py                        200 piles, 10,000 dice
    scripts/measure_settling.py --piles 8 --dice 0     a quick look
    scripts/measure_settling.py --piles 0              the faces alone

Piles take turns: dice in a tray, dice on a table, primitives and dice in a bin, convex and concave meshes
in a tray. Of each, from its poses alone and in a world of its own: how far the point that moves furthest
moves in a further second, and how deep any body is in another, over the size of the smaller of both. Times
are of one core; what was kept from before is not used, but for the convex pieces of meshes.
"""

import argparse
import itertools
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import trimesh
from jaxtyping import Float
from scipy.stats import chisquare

from renderer.catalog.collision import die_solids, primitive_solids
from renderer.catalog.convex import convex_pieces
from renderer.catalog.dice import face_up
from renderer.catalog.model import flat_shaded
from renderer.catalog.solids import Solid, hull_solid
from renderer.commands.progress import track
from renderer.scene import Pose
from renderer.settle.physics import Container, Place, come_to_rest
from renderer.settle.world import Body, Poses, build_world

SHAPES = ("box", "book", "sphere", "cylinder", "cone", "torus")
WALL_M, THICKNESS_M = 0.04, 0.005
DICE_AT_ONCE = 100
APART_M = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one pile came to; lengths in metres, the penetration over the smaller size."""

    kind: str
    bodies: int
    left_out: int
    seconds: float
    moved_m: float
    penetration: float
    outside: int


def die_body(rng: np.random.Generator) -> Body:
    """A die of the recipe's range of sizes."""
    values = {"edge_m": rng.uniform(0.008, 0.025), "corner_fraction": rng.uniform(0.05, 0.2)}
    return Body(solids=die_solids(values))


def primitive_body(rng: np.random.Generator) -> Body:
    """A die or a shape of 1 to 5 cm."""
    if rng.random() < 0.3:
        return die_body(rng)
    size_m = math.exp(rng.uniform(math.log(0.01), math.log(0.05)))
    values = {"shape": SHAPES[rng.integers(len(SHAPES))], "size_m": size_m, "flatness": rng.uniform(0.3, 1)}
    return Body(solids=primitive_solids(values))


def mesh_body(rng: np.random.Generator) -> Body:
    """A mesh, convex or not, of 2 to 5 cm."""
    name = list(MESHES)[rng.integers(len(MESHES))]
    mesh = MESHES[name]()
    scale = rng.uniform(0.02, 0.05) / mesh.extents.max()
    pieces = convex_pieces(name, flat_shaded(mesh.vertices, mesh.faces))
    return Body(solids=tuple(hull_solid(piece * scale) for piece in pieces))


def _cup() -> trimesh.Trimesh:
    profile = [[0, 0], [0.4, 0], [0.5, 0.9], [0.43, 0.9], [0.34, 0.08], [0, 0.08]]
    return trimesh.creation.revolve(np.array(profile), sections=32)


def _angle() -> trimesh.Trimesh:
    upright = trimesh.creation.box(bounds=[[0, 0, 0], [0.25, 0.4, 1]])
    return trimesh.util.concatenate([upright, trimesh.creation.box(bounds=[[0.25, 0, 0], [0.8, 0.4, 0.25]])])


MESHES: Mapping[str, Callable[[], trimesh.Trimesh]] = {
    "cup": _cup,
    "angle": _angle,
    "ring": lambda: trimesh.creation.annulus(0.3, 0.5, 0.3, sections=32),
    "octahedron": lambda: trimesh.creation.icosphere(subdivisions=0),
    "capsule": lambda: trimesh.creation.capsule(height=0.6, radius=0.2, count=(16, 16)),
}
# Kind, body, numbers of bodies, half size of the tray or None.
KINDS: Sequence[tuple[str, Callable[[np.random.Generator], Body], tuple[int, int], float | None]] = (
    ("dice in a tray", die_body, (5, 25), 0.07),
    ("dice on a table", die_body, (5, 25), None),
    ("primitives in a bin", primitive_body, (5, 20), 0.1),
    ("meshes in a tray", mesh_body, (3, 10), 0.1),
)


def place_of(half_m: float | None) -> Place:
    """A table, and perhaps a tray on it."""
    if half_m is None:
        return Place(fixed=(Solid(shape="plane"),))
    h, t = half_m, THICKNESS_M / 2
    walls = []
    for sign, axis in itertools.product((-1, 1), (0, 1)):
        half = [h + 2 * t, h + 2 * t, WALL_M / 2]
        half[axis] = t
        middle = [0.0, 0.0, WALL_M / 2]
        middle[axis] = sign * (h + t)
        walls.append(Solid(shape="box", half_size_m=tuple(half), pose=Pose(position_m=tuple(middle))))
    return Place(fixed=(Solid(shape="plane"), *walls), container=Container(half_size_m=(h, h)))


def turned(rng: np.random.Generator, count: int) -> Float[np.ndarray, "n 4"]:
    """Uniform rotations."""
    drawn = rng.standard_normal((count, 4))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def pile(number: int) -> Found:
    """Settle a pile and let it go again."""
    rng = np.random.default_rng([number, 1])
    kind, make, (fewest, most), half_m = KINDS[number % len(KINDS)]
    bodies = [make(rng) for _ in range(rng.integers(fewest, most + 1))]
    places = rng.uniform(-0.03, 0.03, (len(bodies), 2))
    begin = np.column_stack([places, 0.03 + 0.02 * np.arange(len(bodies)), turned(rng, len(bodies))])
    place = place_of(half_m)
    start = time.process_time()
    rest = come_to_rest(bodies, begin, place)
    seconds = time.process_time() - start
    lying = [(body, pose) for body, pose in zip(bodies, rest, strict=True) if pose is not None]
    poses = np.array([pose for _, pose in lying]).reshape(-1, 7)
    moved_m, penetration = let_go([body for body, _ in lying], poses, place) if lying else (0.0, 0.0)
    return Found(
        kind=kind,
        bodies=len(bodies),
        left_out=len(bodies) - len(lying),
        seconds=seconds,
        moved_m=moved_m,
        penetration=penetration,
        outside=0 if half_m is None else int((np.abs(poses[:, :2]) > half_m).any(axis=1).sum()),
    )


def let_go(bodies: Sequence[Body], poses: Poses, place: Place) -> tuple[float, float]:
    """How far anything moves in a second, and how deep it is in anything else."""
    world = build_world(bodies, poses, place.fixed)
    deepest = float(world.penetration().max())
    furthest_m = 0.0
    for _ in range(20):
        world.advance(0.05)
        furthest_m = max(furthest_m, float(world.moved_m(poses, world.poses()).max()))
    return furthest_m, deepest


def faces(count: int) -> Iterator[Sequence[int]]:
    """The faces that dice dropped with any rotation come to lie with upwards, some at a time."""
    rng = np.random.default_rng(2)
    while count > 0:
        number = min(count, DICE_AT_ONCE)
        bodies = [die_body(rng) for _ in range(number)]
        side = math.ceil(math.sqrt(number))
        places = APART_M * np.stack([np.arange(number) % side, np.arange(number) // side], axis=1)
        begin = np.column_stack([places, rng.uniform(0.02, 0.08, number), turned(rng, number)])
        rest = come_to_rest(bodies, begin, place_of(None))
        yield [face_up(pose[3:].tolist(), "right") for pose in rest if pose is not None]
        count -= number


def report_piles(found: Sequence[Found]) -> None:
    """Print what the piles of each kind came to."""
    for kind in (*(kind for kind, *_ in KINDS), None):
        some = [pile for pile in found if kind in (None, pile.kind)]
        if some:
            times = np.array([pile.seconds for pile in some])
            median, high = np.quantile(times, [0.5, 0.9])
            print(
                f"  {kind or 'all':<20} {len(some):>4} piles of {sum(p.bodies for p in some)} bodies: "
                f"moved {1000 * max(p.moved_m for p in some):.4f} mm at most, "
                f"penetration {100 * max(p.penetration for p in some):.3f} % at most, "
                f"{sum(p.outside for p in some)} outside, {sum(p.left_out for p in some)} left out; "
                f"s a pile: median {median:.2f}, p90 {high:.2f}, max {times.max():.2f}"
            )


def report_faces(found: Sequence[int], dropped: int) -> None:
    """Print how often each face came up, and how likely that is if all are alike."""
    counts = [Counter(found)[face] for face in range(1, 7)]
    print(f"  {dropped} dice dropped, {dropped - len(found)} left out; faces 1 to 6 up: {counts}")
    print(f"  chi-square against uniform: p = {chisquare(counts).pvalue:.3f}")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--piles", type=int, default=200, help="number of piles")
    parser.add_argument("--dice", type=int, default=10_000, help="number of dice dropped for their faces")
    options = parser.parse_args()
    if options.piles:
        report_piles([pile(number) for number in track(range(options.piles), "piles")])
    if options.dice:
        batches = track(faces(options.dice), "dice", total=math.ceil(options.dice / DICE_AT_ONCE))
        report_faces([face for batch in batches for face in batch], options.dice)
    return 0


if __name__ == "__main__":
    sys.exit(main())
