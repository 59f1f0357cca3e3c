#!/usr/bin/env python
"""Meshes on which labels can go wrong: with holes, handles, thin walls, and surfaces cut out by an image.

    scripts/draw_perforated.py outputs/perforated
    gapless render recipe=tabletop objects.path=outputs/perforated objects.mesh.allow_flat=true frames=8

Writes .glb files, up is +Y as glTF has it: a ring, a mug, an open bowl, a grid of bars, two links of a chain,
a leaf that an image cuts out, a leaf that fades, and a sheet that an image perforates.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import trimesh
from jaxtyping import UInt8
from PIL import Image
from trimesh.visual.material import PBRMaterial

SECTIONS = 48
LEAF_PX = 96
TO_Y_UP = trimesh.transformations.rotation_matrix(-np.pi / 2, [1, 0, 0])


def ring() -> trimesh.Trimesh:
    """A torus of 9 cm."""
    return trimesh.creation.torus(0.03, 0.015, major_sections=SECTIONS, minor_sections=SECTIONS // 2)


def mug() -> trimesh.Trimesh:
    """A cup with a handle that can be seen through."""
    profile = [[0, 0], [0.035, 0], [0.04, 0.09], [0.036, 0.09], [0.031, 0.005], [0, 0.005]]
    handle = trimesh.creation.torus(0.022, 0.005, major_sections=SECTIONS, minor_sections=16)
    handle.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [1, 0, 0]))
    handle.apply_translation([0.056, 0, 0.045])
    return trimesh.util.concatenate([trimesh.creation.revolve(np.array(profile), sections=SECTIONS), handle])


def bowl() -> trimesh.Trimesh:
    """A shell without thickness."""
    angles = np.linspace(-np.pi / 2, -0.1, 24)
    profile = 0.05 * np.column_stack([np.cos(angles), np.sin(angles)])
    profile[0, 0] = 0.0
    return trimesh.creation.revolve(profile, sections=SECTIONS)


def bars() -> trimesh.Trimesh:
    """Seven thin bars across seven, one layer on the other."""
    places = np.linspace(-0.036, 0.036, 7)
    along = [trimesh.creation.box([0.08, 0.002, 0.002]).apply_translation([0, y, 0.001]) for y in places]
    across = [trimesh.creation.box([0.002, 0.08, 0.002]).apply_translation([x, 0, 0.0032]) for x in places]
    return trimesh.util.concatenate([*along, *across])


def chain() -> trimesh.Trimesh:
    """A link through another."""
    lying, standing = (trimesh.creation.torus(0.02, 0.004, SECTIONS, 16) for _ in range(2))
    standing.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [1, 0, 0]))
    standing.apply_translation([0.02, 0, 0])
    return trimesh.util.concatenate([lying, standing])


def leaf() -> trimesh.Trimesh:
    """A bent sheet, opaque within a leaf's outline and absent around it."""
    return _printed(_leaf_alpha() >= 0.5, "MASK")


def fading_leaf() -> trimesh.Trimesh:
    """The same, but for its opacity: it falls from the middle to nothing."""
    return _printed(_leaf_alpha(), "BLEND")


def perforated_sheet() -> trimesh.Trimesh:
    """A bent sheet with a hundred round holes."""
    y, x = np.mgrid[:LEAF_PX, :LEAF_PX] * (10 / LEAF_PX) % 1 - 0.5
    return _printed(np.hypot(x, y) > 0.3, "MASK")


def _leaf_alpha() -> np.ndarray:
    """1 in the middle, 0.5 on the outline, 0 outside."""
    y, x = (np.mgrid[:LEAF_PX, :LEAF_PX] + 0.5) / LEAF_PX * 2 - 1
    half_width = 0.6 * (1 - y**2) * (1 + 0.2 * np.sin(9 * y))
    alpha: np.ndarray = np.clip(1 - 0.5 * np.abs(x) / np.maximum(half_width, 1e-6), 0, 1)
    return alpha


def _printed(alpha: np.ndarray, mode: str) -> trimesh.Trimesh:
    """A bent sheet of 8 cm under a green image of some opacity."""
    v, u = (axis.ravel() for axis in np.mgrid[0:1:13j, 0:1:13j])
    points = 0.08 * np.column_stack([u - 0.5, v - 0.5, 0.15 * np.sin(3 * u) + 0.1 * v**2])
    corner = np.arange(13 * 12).reshape(12, 13)[:, :-1].ravel()
    quads = np.column_stack([corner, corner + 1, corner + 14, corner + 13])
    rgba: UInt8[np.ndarray, "h w 4"] = np.zeros((*alpha.shape, 4), dtype=np.uint8)
    rgba[..., 1], rgba[..., 3] = 160, np.rint(255 * alpha)
    material = PBRMaterial(
        baseColorTexture=Image.fromarray(rgba), metallicFactor=0.0, alphaMode=mode, doubleSided=True
    )
    return trimesh.Trimesh(
        vertices=points,
        faces=np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]]),
        visual=trimesh.visual.TextureVisuals(uv=np.column_stack([u, v]), material=material),
        process=False,
    )


SHAPES: Mapping[str, Callable[[], trimesh.Trimesh]] = {
    "ring": ring,
    "mug": mug,
    "bowl": bowl,
    "bars": bars,
    "chain": chain,
    "leaf": leaf,
    "fading_leaf": fading_leaf,
    "perforated_sheet": perforated_sheet,
}


def write_shapes(folder: Path) -> None:
    """Write each shape into a folder of its own, whose name is its category."""
    for name, shape in SHAPES.items():
        path = folder / name / f"{name}.glb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(shape().apply_transform(TO_Y_UP).export(file_type="glb"))


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments of a command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="OUT", help="where to write")
    folder = parser.parse_args(arguments).folder
    write_shapes(folder)
    print(f"{folder}: {', '.join(SHAPES)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
