"""From the buffers of a view to its labels, and to the records of its shots."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import torch

from renderer.buffers import Buffers
from renderer.catalog.library import Library
from renderer.catalog.model import Image
from renderer.catalog.sources import categories, keypoints_of
from renderer.dataset.entries import Instance, Shown, instance_entries
from renderer.dataset.maps import Pixels, category_ids, encode_maps
from renderer.dataset.record import FrameSource, Record, make_record, rejected_record
from renderer.labels import InstanceLabels, label_instances
from renderer.labels.cast import Whole
from renderer.recipe.schema import Recipe
from renderer.scene import Scene, SceneObject, Shot, View
from renderer.sensor import photograph

PNG_COMPRESSION = 1  # of 9: 3 times faster than the default here, files a tenth larger


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """A finished frame; `image` and `image_png` are None, and `maps` empty, where it failed certification.

    Attributes:
        maps: files, by the name of the map.
        seconds: time spent by stage; never part of the record.
    """

    record: Record
    image: Image | None
    image_png: bytes | None
    maps: Mapping[str, bytes] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traced:
    """A view of a scene at rest, and what Blender gave back for it."""

    scene: Scene
    view: View
    buffers: Buffers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledView:
    """What the shots of a view share.

    Attributes:
        instances: entries of the record.
        maps: files, by the name of the map.
    """

    buffers: Buffers
    instances: Sequence[Mapping[str, Any]]
    maps: Mapping[str, bytes]


def label_view(recipe: Recipe, library: Library, traced: Traced, device: torch.device) -> LabelledView:
    """Label a traced view, and encode the maps that the recipe asks for."""
    objects, buffers, camera = traced.scene.objects, traced.buffers, traced.view.camera
    numbered = [(n, item) for n, item in enumerate(objects, start=1) if item.category is not None]
    ids = torch.tensor([[n for n, _ in numbered]], dtype=torch.int32, device=device)
    labels = label_instances(torch.from_numpy(buffers.ids).to(device)[None], ids)
    instances = [
        Instance(number=number, item=item, whole=whole, hidden=[False] * len(keypoints_of(item, library)))
        for (number, item), whole in zip(numbered, _wholes(buffers, labels, numbered), strict=True)
    ]
    shown = Shown(camera=camera, ids=buffers.ids, labels=labels)
    numbers = category_ids(objects, categories(recipe, library))
    pixels = Pixels(camera=camera, buffers=buffers, category_ids=numbers)
    return LabelledView(
        buffers=buffers,
        instances=instance_entries(shown, instances, library, recipe.labels),
        maps=encode_maps(recipe.labels.maps, pixels),
    )


def _wholes(
    buffers: Buffers, labels: InstanceLabels, numbered: Sequence[tuple[int, SceneObject]]
) -> Iterator[Whole]:
    """Every object as far as it is seen."""
    for (number, item), (x0, y0, x1, y1) in zip(numbered, labels.boxes_xyxy[0].tolist(), strict=True):
        mask = torch.from_numpy(buffers.ids[y0:y1, x0:x1] == number)
        yield Whole(origin_px=(x0, y0), mask=mask, face=mask if item.source == "die" else None)


def finish_frame(source: FrameSource, labelled: LabelledView, device: torch.device) -> Frame:
    """Expose, certify and encode one shot of a labelled view."""
    reason = fault(labelled.buffers)
    if reason is not None:
        return Frame(record=rejected_record(source, reason), image=None, image_png=None)
    image, exposure_ev = _photograph(labelled.buffers, source.shot, device)
    png = encode_png(image)
    record = make_record(source, png, exposure_ev, labelled.instances, labelled.maps)
    return Frame(record=record, image=image, image_png=png, maps=labelled.maps)


def fault(buffers: Buffers) -> str | None:
    """Why buffers cannot be a frame, or None: not finite, or without any light."""
    if not np.isfinite(buffers.radiance).all():
        return "radiance is not finite"
    return "no light reaches the camera" if buffers.radiance.max() <= 0 else None


def _photograph(buffers: Buffers, shot: Shot, device: torch.device) -> tuple[Image, float]:
    """The image, and its exposure in EV over what the meter suggests."""
    radiance = torch.from_numpy(buffers.radiance).to(device).permute(2, 0, 1)[None]
    taken = photograph(radiance, [shot.sensor], [shot.noise_seed])
    image = np.ascontiguousarray(taken.images[0].permute(1, 2, 0).cpu().numpy())
    return image, taken.exposures_ev[0]


def encode_png(image: Image) -> bytes:
    """The image as a PNG file."""
    parameters = [cv2.IMWRITE_PNG_COMPRESSION, PNG_COMPRESSION]
    done, encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), parameters)
    assert done, "OpenCV cannot encode a PNG"
    return encoded.tobytes()
