"""Certification of a view: what Blender gave back is whole, and is what rays through the same scene meet."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32, Int32

from renderer.buffers import Buffers
from renderer.labels.agreement import differing_pixels, disagreement
from renderer.labels.cast import Cast
from renderer.labels.certificate import Certificate, Fault
from renderer.labels.decoding import read_runs
from renderer.labels.entry_checks import entry_fault, overlap_fault
from renderer.labels.hits import UNKNOWN
from renderer.scene import Scene


def certify_view(buffers: Buffers, cast: Cast, scene: Scene) -> Certificate:
    """Check the buffers of a view, and its ids against what rays meet.

    The figures: `rays`, the pixels that were compared, and `differing_px`, those in which the ids differ.
    """
    fault = buffers_fault(buffers) or _id_fault(buffers.ids, scene)
    if fault is not None:
        return Certificate(fault=fault)
    met = (cast.ids if cast.sampled_ids is None else cast.sampled_ids).cpu().numpy()
    met = np.where(met == UNKNOWN, buffers.ids, met)
    figures = {"rays": met.size, "differing_px": differing_pixels(buffers.ids, met)}
    found = disagreement(buffers.ids, met)
    if found is None:
        return Certificate(figures=figures)
    seen, hit = _object_name(scene, found.seen), _object_name(scene, found.met)
    reason = f"{seen} is seen at {found.pixels} pixels where rays meet {hit}"
    return Certificate(figures=figures, fault=Fault(check="rays", reason=reason))


def buffers_fault(buffers: Buffers) -> Fault | None:
    """Why buffers cannot be a frame: numbers that are none, no light, or images that Blender did not find.

    A missing image is known from Blender and not from its magenta: as the colour of a surface, which light
    and gloss change, it is nothing that a magenta die could not look like, and recipes have such dice.
    """
    for name, values in (("radiance", buffers.radiance), ("normals", buffers.normals)):
        if values is not None and not np.isfinite(values).all():
            return Fault(check="finite", reason=_where(name, "not finite", values, np.isfinite))
    if np.isnan(buffers.depth_z_m).any():
        return Fault(check="finite", reason=_where("depth", "no number", buffers.depth_z_m, _is_number))
    if buffers.radiance.max() <= 0:
        return Fault(check="light", reason="no light reaches the camera")
    if buffers.missing_images:
        users = ", ".join(buffers.missing_images)
        return Fault(check="textures", reason=f"an image is missing in what {users} is made of")
    return None


def _where(name: str, what: str, values: Float32[np.ndarray, "..."], is_good: Callable[..., Any]) -> str:
    """Such as 'radiance is not finite at 3 pixels, the first in column 5 of row 2'."""
    bad = ~is_good(values)
    pixels = np.argwhere(bad if bad.ndim == 2 else bad.any(axis=-1))
    row, column = pixels[0]
    number = f"{len(pixels)} pixel{'s' if len(pixels) > 1 else ''}"
    return f"{name} is {what} at {number}, the first in column {column} of row {row}"


def _is_number(values: Float32[np.ndarray, "..."]) -> Any:
    return ~np.isnan(values)


def _id_fault(ids: Int32[np.ndarray, "h w"], scene: Scene) -> Fault | None:
    """Ids that no object of the scene has."""
    strange = (ids < 0) | (ids > len(scene.objects))
    if not strange.any():
        return None
    number, count = int(ids[strange][0]), len(scene.objects)
    pixels = int((ids == number).sum())
    reason = f"the id {number} is seen at {pixels} pixels, but the scene has {count} objects"
    return Fault(check="ids", reason=reason)


def _object_name(scene: Scene, number: int) -> str:
    return scene.objects[number - 1].name if number else "the ground or sky"


def certify_labels(
    entries: Sequence[Mapping[str, Any]], ids: Int32[np.ndarray, "h w"], scene: Scene
) -> Certificate:
    """Check what is about to be written of a view's instances: masks as encoded, boxes, areas and count.

    Args:
        entries: of the record, one for each labelled object of the scene, in its order.
        ids: of the buffers.

    The figures: `instances`, the number of entries.
    """
    reason = _count_fault(entries, scene) or _entries_fault(entries, ids)
    fault = None if reason is None else Fault(check="labels", reason=reason)
    return Certificate(figures={"instances": len(entries)}, fault=fault)


def _count_fault(entries: Sequence[Mapping[str, Any]], scene: Scene) -> str | None:
    numbered = enumerate(scene.objects, start=1)
    expected = [(number, item.name, item.category) for number, item in numbered if item.category is not None]
    found = [(entry["id"], entry["name"], entry["category"]) for entry in entries]
    if len(found) != len(expected):
        return f"the labels have {len(found)} instances, but the scene has {len(expected)} labelled objects"
    for there, here in zip(found, expected, strict=True):
        if there != here:
            return f"the labels have the object (id, name, category) {there}, expected {here}"
    return None


def _entries_fault(entries: Sequence[Mapping[str, Any]], ids: Int32[np.ndarray, "h w"]) -> str | None:
    flat = ids.T.ravel()  # down the columns, as masks are coded
    counts = np.bincount(flat)
    for entry in entries:
        fault = entry_fault(entry, ids.shape)
        if fault is not None:
            return f"{entry['name']} {fault}"
        pixels = read_runs(entry["segmentation"]).pixels()
        wanted = counts[entry["id"]] if entry["id"] < len(counts) else 0
        if len(pixels) != wanted or (flat[pixels] != entry["id"]).any():
            return f"{entry['name']} has a mask that is not where its id {entry['id']} is seen"
    return overlap_fault(entries)
