"""Frames that were never rendered, and folders to look at."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool

from renderer.buffers import Buffers
from renderer.catalog.library import open_library
from renderer.dataset.record import FrameSource, encode_mask
from renderer.execution.frame import Frame, Traced, finish_frame, label_view
from renderer.labels.cast import Cast, Whole
from renderer.randomize.scenes import sample_scene
from renderer.recipe.schema import Recipe

WIDTH_PX, HEIGHT_PX = 48, 32
SMALL = {"camera.width_px": WIDTH_PX, "camera.height_px": HEIGHT_PX}
CPU = torch.device("cpu")


def source_of(recipe: Recipe, frame: int = 0) -> FrameSource:
    """A frame's source, as `render_shard` draws it, not settled."""
    scene = sample_scene(recipe, open_library(recipe), frame)
    view = scene.views[0]
    return FrameSource(frame=frame, scene=scene, view=view, shot=view.shots[0])


def striped_buffers(source: FrameSource) -> Buffers:
    """Every object of the scene shows as one column of pixels, from the left; a sloping grey lights all."""
    camera = source.view.camera
    ids = np.zeros((camera.height_px, camera.width_px), dtype=np.int32)
    for number in range(1, len(source.scene.objects) + 1):
        ids[:, number - 1] = number
    slope = np.linspace(0.1, 1, camera.width_px, dtype=np.float32)
    radiance = np.broadcast_to(slope[None, :, None], (*ids.shape, 3)).copy()
    return Buffers(radiance=radiance, ids=ids, depth_z_m=np.ones(ids.shape, dtype=np.float32))


def finished_frame(recipe: Recipe, frame: int = 0) -> Frame:
    source = source_of(recipe, frame)
    return finish(recipe, source, striped_buffers(source))


def finish(recipe: Recipe, source: FrameSource, buffers: Buffers) -> Frame:
    """The frame of these buffers."""
    traced = Traced(scene=source.scene, view=source.view, buffers=buffers)
    labelled = label_view(recipe, open_library(recipe), traced, agreeing_cast(traced), CPU)
    return finish_frame(source, labelled, CPU)


def agreeing_cast(traced: Traced) -> Cast:
    """What rays would meet if every object were just what is seen of it; a die shows its upper face alone."""
    ids, wholes = torch.from_numpy(traced.buffers.ids), []
    for number, item in enumerate(traced.scene.objects, start=1):
        if item.category is not None:
            rows, columns = (traced.buffers.ids == number).nonzero()
            top, left = (int(places.min()) if places.size else 0 for places in (rows, columns))
            bottom, right = (int(places.max()) + 1 if places.size else 0 for places in (rows, columns))
            mask = ids[top:bottom, left:right] == number
            face = mask if item.source == "die" else None
            wholes.append(Whole(origin_px=(left, top), mask=mask, face=face))
    return Cast(ids=ids.clone(), depth_z_m=torch.from_numpy(traced.buffers.depth_z_m), wholes=wholes)


def instance_of(
    mask: Bool[np.ndarray, "h w"],
    category: str = "1",
    *,
    annotated: bool = True,
    ignored: bool = False,
    amodal_xyxy: Sequence[int] | None = None,
) -> dict[str, Any]:
    """The entry of a record for a mask; the box by numpy's own means, and what the exports read."""
    rows, columns = np.nonzero(mask)
    box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] if rows.size else [0, 0, 0, 0]
    return {
        "amodal": {"bbox_xyxy": [int(v) for v in (box if amodal_xyxy is None else amodal_xyxy)]},
        "visibility": 0.75,
        "truncation": 0.125,
        "keypoints": {},
        "name": "die[0]",
        "category": category,
        "bbox_xyxy": [int(v) for v in box],
        "area_px": int(mask.sum()),
        "segmentation": encode_mask(mask),
        "annotated": annotated,
        "ignored": ignored,
    }


def record_of(
    frame: int, instances: Sequence[dict[str, Any]] = (), image_png: bytes = b"png"
) -> dict[str, Any]:
    """A record of a frame of WIDTH_PX x HEIGHT_PX, without all that the store does not read.

    Instances without an id are numbered from 1.
    """
    image = {
        "file": f"images/{frame:06d}.png",
        "width_px": WIDTH_PX,
        "height_px": HEIGHT_PX,
        "bytes": len(image_png),
    }
    return {
        "frame": frame,
        "status": "ok",
        "image": image,
        "maps": {},
        "instances": [{"id": number} | instance for number, instance in enumerate(instances, start=1)],
        "draws": {},
    }


def rejected_of(frame: int) -> dict[str, Any]:
    return {"frame": frame, "status": "rejected", "reason": "no light reaches the camera", "draws": {}}


def blank_mask() -> Bool[np.ndarray, "h w"]:
    return np.zeros((HEIGHT_PX, WIDTH_PX), dtype=bool)


def tree(root: Path) -> dict[str, bytes | None]:
    """Everything below a folder: files with their bytes, folders with None."""
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
        for path in sorted(root.rglob("*"))
    }
