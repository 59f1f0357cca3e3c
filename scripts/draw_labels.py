#!/usr/bin/env python
"""All labels of a few frames on one sheet: a row for each frame, a column for each kind of label.

    gapless render recipe=dice layout=mixed frames=2 out=outputs/labels labels.maps=[instances,depth,normals]
    scripts/draw_labels.py outputs/labels outputs/labels.png
    scripts/draw_labels.py outputs/labels outputs/labels.png --frames 0 7

From the left: the image, whole objects with their 3D boxes and keypoints (green is visible, red hidden),
ids, depth, normals. Frames need the maps of the last three.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR
from jaxtyping import Float32, UInt8

from renderer.commands.render import write_picture
from renderer.dataset.record import decode_mask
from renderer.dataset.store import Store

CELL_PX = 320
MAPS = ("instances", "depth", "normals")
VISIBLE, HIDDEN = (60, 220, 60), (235, 60, 50)
Cell = UInt8[np.ndarray, "h w 3"]


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments of a command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset", type=Path, help="folder that `gapless render` wrote")
    parser.add_argument("out", type=Path, help="the sheet, a PNG file")
    parser.add_argument("--frames", type=int, nargs="+", help="numbers of frames (the first three)")
    options = parser.parse_args(arguments)
    store = Store(root=options.dataset, identity={})
    good = (record for record in store.records() if record["status"] == "ok")
    wanted = [r for r in good if options.frames is None or r["frame"] in options.frames]
    chosen = wanted if options.frames else wanted[:3]
    if not chosen or not all(set(MAPS) <= set(record["maps"]) for record in chosen):
        asked = ",".join(MAPS)
        parser.error(f"{options.dataset} must have such frames, rendered with labels.maps=[{asked}]")
    write_picture(options.out, np.concatenate([row_of(options.dataset, record) for record in chosen]))
    print(options.out)
    return 0


def row_of(root: Path, record: Mapping[str, Any]) -> Cell:
    """The cells of a frame, beside each other."""
    image = cv2.cvtColor(cv2.imread(str(root / record["image"]["file"])), cv2.COLOR_BGR2RGB)
    files = {name: str(root / record["maps"][name]["file"]) for name in MAPS}
    ids = cv2.imread(files["instances"], cv2.IMREAD_UNCHANGED)
    depth = exr_planes(files["depth"], ["depth_z_m"])[..., 0]
    normals = exr_planes(files["normals"], ["x", "y", "z"])
    scale = CELL_PX / image.shape[1]
    cells = [
        cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA),
        draw_wholes(image, record["instances"], scale),
        sized(colored(ids)),
        sized(np.repeat(shaded(depth)[..., None], 3, axis=-1)),
        sized(np.rint((normals + 1) * 127.5).astype(np.uint8)),
    ]
    height = min(len(cell) for cell in cells)
    return np.concatenate([cell[:height] for cell in cells], axis=1)


def exr_planes(path: str, names: Sequence[str]) -> Float32[np.ndarray, "h w c"]:
    """Channels of an EXR file."""
    channels = OpenEXR.File(path, separate_channels=True).channels()
    return np.stack([channels[name].pixels for name in names], axis=-1)


def sized(cell: Cell) -> Cell:
    """A cell at the sheet's size."""
    height = round(CELL_PX * cell.shape[0] / cell.shape[1])
    return cv2.resize(cell, (CELL_PX, height), interpolation=cv2.INTER_NEAREST)


def colored(ids: np.ndarray) -> Cell:
    """A colour for each id, black for 0."""
    turns = (ids.astype(int) * 79) % 180  # golden ratio of the hues, so that neighbours differ
    hsv = np.stack([turns, np.full_like(turns, 200), np.where(ids > 0, 255, 0)], axis=-1).astype(np.uint8)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)


def shaded(depth_m: np.ndarray) -> UInt8[np.ndarray, "h w"]:
    """The nearest is white, the sky black."""
    near, far = np.percentile(depth_m[np.isfinite(depth_m)], [0, 99])
    share = (far - np.clip(depth_m, near, far)) / max(far - near, 1e-9)
    return np.rint(30 + 225 * share).astype(np.uint8)


def draw_wholes(image: Cell, instances: Sequence[Mapping[str, Any]], scale: float) -> Cell:
    """Outlines of whole objects, their boxes and keypoints."""
    canvas = cv2.resize(image, (CELL_PX, round(image.shape[0] * scale)), interpolation=cv2.INTER_AREA)
    for instance in instances:
        draw_whole(canvas, instance["amodal"], scale)
        draw_box(canvas, instance["box_3d"]["corners_px"], scale)
    for instance in instances:
        for u, v, state in instance["keypoints"].values():
            if state > 0:
                place = (round(u * scale), round(v * scale))
                cv2.circle(canvas, place, 2, VISIBLE if state == 2 else HIDDEN, -1, cv2.LINE_AA)
    return canvas


def draw_whole(canvas: Cell, amodal: Mapping[str, Any], scale: float) -> None:
    """The outline of a whole object, as far as the image shows its place."""
    mask = decode_mask(amodal["segmentation"]).astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE) if mask.size else ((), None)
    for outline in outlines:
        points = np.rint((outline[:, 0] + amodal["origin_px"] + 0.5) * scale).astype(np.int32)
        cv2.polylines(canvas, [points], True, (250, 210, 40), 1, cv2.LINE_AA)


def draw_box(canvas: Cell, corners_px: Sequence[Any], scale: float) -> None:
    """The twelve edges of a 3D box, of which corner i differs along one axis from its neighbours."""
    for corner in range(8):
        for bit in (1, 2, 4):
            ends = corners_px[corner], corners_px[corner | bit]
            if not corner & bit and all(ends):
                start, end = ((round(u * scale), round(v * scale)) for u, v in ends)
                cv2.line(canvas, start, end, (80, 200, 250), 1, cv2.LINE_AA)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
