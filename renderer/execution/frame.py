"""One frame from buffers to record."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch

from renderer.buffers import Buffers
from renderer.catalog.model import Image
from renderer.dataset.record import FrameSource, Record, instance_entries, make_record, rejected_record
from renderer.labels import label_instances
from renderer.labels.certify import buffers_fault
from renderer.recipe.schema import Recipe
from renderer.scene import Shot
from renderer.sensor import photograph

PNG_COMPRESSION = 1  # of 9: 3 times faster than the default here, files a tenth larger


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """A finished frame; `image` and `image_png` are None where it failed certification.

    Attributes:
        seconds: time spent by stage; never part of the record.
    """

    record: Record
    image: Image | None
    image_png: bytes | None
    seconds: Mapping[str, float] = field(default_factory=dict)


def finish_frame(recipe: Recipe, source: FrameSource, buffers: Buffers, device: torch.device) -> Frame:
    """Expose, label, certify and encode one shot of a traced view."""
    fault = buffers_fault(buffers)
    if fault is not None:
        return Frame(record=rejected_record(source, fault), image=None, image_png=None)
    image, exposure_ev = _photograph(buffers, source.shot, device)
    items = source.scene.objects
    numbered = [(n, item) for n, item in enumerate(items, start=1) if item.category is not None]
    ids = torch.tensor([[n for n, _ in numbered]], dtype=torch.int32, device=device)
    labels = label_instances(torch.from_numpy(buffers.ids).to(device)[None], ids)
    entries = instance_entries([item for _, item in numbered], labels, recipe.labels)
    png = encode_png(image)
    return Frame(record=make_record(source, png, exposure_ev, entries), image=image, image_png=png)


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
