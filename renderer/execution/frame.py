"""From the buffers of a view to its labels, and to the records of its shots."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Float32

from renderer.buffers import Buffers
from renderer.catalog.library import Library
from renderer.catalog.model import Image
from renderer.catalog.sources import box_of, categories
from renderer.dataset.entries import Instance, Shown, instance_entries
from renderer.dataset.maps import Pixels, category_ids, encode_maps
from renderer.dataset.record import FrameSource, Record, make_record, rejected_record
from renderer.denoising import Denoiser, denoise_tensor
from renderer.illumination import shot_gains
from renderer.labels import label_instances
from renderer.labels.cast import Cast, at_centres
from renderer.labels.certificate import Certificate, Fault
from renderer.labels.certify import certify_labels, certify_view
from renderer.labels.image_checks import certify_image
from renderer.labels.poses import seen_keypoints
from renderer.labels.triangles import hidden_points
from renderer.recipe.schema import Recipe
from renderer.scene import Camera, Scene, SceneObject, Shot, View
from renderer.sensor import photograph
from renderer.sensor.relighting import relight
from renderer.stopwatch import stage

PNG_COMPRESSION = 1  # of 9: 3 times faster than the default here, files a tenth larger
USUAL = Denoiser()
KEYPOINT_REACH = 0.01  # of an object's diagonal: what lies this near before a keypoint is its own surface


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """A finished frame; `image` and `image_png` are None, and `maps` empty, where it failed certification.

    Attributes:
        maps: files, by the name of the map.
        seconds: of the main thread by stage, their sum all that went by; never part of the record.
        beside: of the thread beside it by stage; so too.
    """

    record: Record
    image: Image | None
    image_png: bytes | None
    maps: Mapping[str, bytes] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    beside: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Traced:
    """A view of a scene at rest, and what Blender gave back for it."""

    scene: Scene
    view: View
    buffers: Buffers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledView:
    """What the shots of a view share; it has neither instances nor maps where it failed certification.

    Attributes:
        instances: entries of the record.
        maps: files, by the name of the map.
    """

    buffers: Buffers
    certificate: Certificate
    instances: Sequence[Mapping[str, Any]] = ()
    maps: Mapping[str, bytes] = field(default_factory=dict)


@stage("label")
def label_view(
    recipe: Recipe, library: Library, traced: Traced, cast: Cast, device: torch.device
) -> LabelledView:
    """Label and certify a traced view, and encode the maps that the recipe asks for.

    Args:
        cast: what rays meet in this view.
    """
    objects, buffers, camera = traced.scene.objects, traced.buffers, traced.view.camera
    certificate = certify_view(buffers, cast, traced.scene)
    if certificate.fault is not None:
        return LabelledView(buffers=buffers, certificate=certificate)
    buffers = at_centres(buffers, cast)
    numbered = [(n, item) for n, item in enumerate(objects, start=1) if item.category is not None]
    ids = torch.tensor([[n for n, _ in numbered]], dtype=torch.int32, device=device)
    labels = label_instances(torch.from_numpy(buffers.ids).to(device)[None], ids)
    hidden = _hidden_keypoints([item for _, item in numbered], camera, cast, library)
    instances = [
        Instance(number=number, item=item, whole=whole, hidden=keypoints)
        for (number, item), whole, keypoints in zip(numbered, cast.wholes, hidden, strict=True)
    ]
    shown = Shown(camera=camera, ids=buffers.ids, labels=labels)
    entries = instance_entries(shown, instances, library, recipe.labels)
    return LabelledView(
        buffers=buffers,
        certificate=certificate.joined(certify_labels(entries, buffers.ids, traced.scene)),
        instances=entries,
        maps=_encode_maps(recipe, library, replace(traced, buffers=buffers)),
    )


@stage("encode")
def _encode_maps(recipe: Recipe, library: Library, traced: Traced) -> dict[str, bytes]:
    if not recipe.labels.maps:
        return {}
    numbers = category_ids(traced.scene.objects, categories(recipe, library))
    pixels = Pixels(camera=traced.view.camera, buffers=traced.buffers, category_ids=numbers)
    return encode_maps(recipe.labels.maps, pixels)


def _hidden_keypoints(
    items: Sequence[SceneObject], camera: Camera, cast: Cast, library: Library
) -> list[Sequence[bool]]:
    """Of the keypoints of each object, whether something stands before them; their own surface does not."""
    points = [seen_keypoints(item, camera, library) for item in items]
    counts = [len(of_item) for of_item in points]
    reach = [KEYPOINT_REACH * math.dist(*box_of(item, library)) for item in items]
    together = np.concatenate([np.zeros((0, 3)), *points])
    hidden = hidden_points(cast.bodies, together, np.repeat(reach, counts))
    return [part.tolist() for part in np.split(hidden, np.cumsum(counts)[:-1])] if counts else []


@stage("label")
def finish_frame(
    source: FrameSource, labelled: LabelledView, device: torch.device, denoiser: Denoiser = USUAL
) -> Frame:
    """Light, expose, certify and encode one shot of a labelled view.

    Args:
        denoiser: of shots that change the lights of a view.
    """
    if labelled.certificate.fault is not None:
        return _rejected(source, labelled.certificate.fault)
    image, exposure_ev = _photograph(labelled.buffers, source.shot, device, denoiser)
    certificate = labelled.certificate.joined(certify_image(image, labelled.buffers.ids))
    if certificate.fault is not None:
        return _rejected(source, certificate.fault)
    png = encode_png(image)
    record = make_record(source, png, exposure_ev, labelled.instances, labelled.maps)
    certified = {**record, "certification": dict(certificate.figures)}
    return Frame(record=certified, image=image, image_png=png, maps=labelled.maps)


def _rejected(source: FrameSource, fault: Fault) -> Frame:
    return Frame(record=rejected_record(source, fault), image=None, image_png=None)


@stage("sensor")
def _photograph(
    buffers: Buffers, shot: Shot, device: torch.device, denoiser: Denoiser
) -> tuple[Image, float]:
    """The image, and its exposure in EV over what the meter suggests."""
    radiance = _radiance(buffers, shot, device, denoiser).permute(2, 0, 1)[None]
    taken = photograph(radiance, [shot.sensor], [shot.noise_seed])
    image = np.ascontiguousarray(taken.images[0].permute(1, 2, 0).cpu().numpy())
    return image, taken.exposures_ev[0]


def _radiance(
    buffers: Buffers, shot: Shot, device: torch.device, denoiser: Denoiser
) -> Float32[torch.Tensor, "h w 3"]:
    """The light of a shot: of its view, or the groups of that with the shot's gains."""
    groups = buffers.light_groups
    if groups is None:
        return torch.from_numpy(buffers.radiance).to(device)
    with stage("relight"):
        radiance = relight(groups, shot_gains(shot), device)
    if groups.guides is None:
        return radiance
    return denoise_tensor(radiance, groups.guides, denoiser)


@stage("encode")
def encode_png(image: Image) -> bytes:
    """The image as a PNG file."""
    parameters = [cv2.IMWRITE_PNG_COMPRESSION, PNG_COMPRESSION]
    done, encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), parameters)
    assert done, "OpenCV cannot encode a PNG"
    return encoded.tobytes()
