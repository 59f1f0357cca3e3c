"""From settings and data to a training with everything decided."""

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from renderer.dataset.identity import first_difference
from renderer.errors import DataError, StoreError
from renderer.files import file_sha256, json_bytes
from train_eval.augment.geometry import Resize
from train_eval.data.categories import match_categories
from train_eval.data.records import DetectionSet
from train_eval.models.detector import DetectorSpec
from train_eval.models.sizing import (
    anchor_sizes_px,
    box_sides_px,
    box_statistics,
    choose_levels,
    choose_resize,
)
from train_eval.settings import Training
from train_eval.training.checkpoint import load_checkpoint
from train_eval.training.loop import Plan
from train_eval.training.stream import StreamSettings

# Not part of what is trained: they say where and by whom.
PLACE_KEYS = frozenset(
    {"out", "data", "device", "workers", "checkpoint_every", "on_bad_data", "initial_checkpoint"}
)


def design_detector(settings: Training, sets: Sequence[DetectionSet]) -> DetectorSpec:
    """The detector for some data: categories by name, resizing, levels and anchors from the boxes.

    Raises:
        DataError: there is nothing to learn from.
    """
    _check_same_categories(sets)
    categories = tuple(dict.fromkeys(name for data in sets for name in data.categories))
    if not any((~record.ignore).any() for data in sets for record in data.images):
        raise DataError(
            f"data must hold labelled objects, and {', '.join(d.name for d in sets)} holds none; "
            "check the annotations"
        )
    size = settings.image_size_px
    resize = choose_resize(sets, size) if settings.resize == "auto" else Resize(settings.resize)
    boxes = box_statistics(box_sides_px(sets, resize, size))
    levels = _levels(settings, choose_levels(boxes))
    return DetectorSpec(
        architecture=settings.model.architecture,
        backbone=settings.model.backbone,
        categories=categories,
        levels=levels,
        anchor_sizes_px=anchor_sizes_px(boxes, len(levels)),
        fpn_channels=settings.model.fpn_channels,
        head_convolutions=settings.model.head_convolutions,
        image_size_px=size,
        resize=resize.value,
    )


def _check_same_categories(sets: Sequence[DetectionSet]) -> None:
    """Refuse sets of which one does not know a category of another: it would be taught as background."""
    for data, other in itertools.permutations(sets, 2):
        match_categories(data, other.categories, other.name)


def _levels(settings: Training, chosen: tuple[int, ...]) -> tuple[int, ...]:
    first = settings.model.first_level or min(chosen[0], settings.model.last_level or chosen[0])
    last = settings.model.last_level or max(chosen[-1], first)
    return tuple(range(first, last + 1))


def make_plan(
    settings: Training,
    sets: Sequence[DetectionSet],
    device: torch.device,
    *,
    spec: DetectorSpec | None = None,
    shares: Sequence[float] | None = None,
) -> Plan:
    """Decide everything about a training.

    Args:
        spec: the detector, where it is shared with other trainings; by default the one for these sets.
        shares: of the sets in every batch; by default all images come equally often.

    Raises:
        DataError: a set has no images, or none has objects.
        StoreError: `out` holds another training.
    """
    for data in sets:
        if not data.images:
            raise DataError(f"data must hold images, and {data.name} holds none; check the path")
    spec = spec or design_detector(settings, sets)
    counts = np.array([len(data.images) for data in sets], dtype=float)
    parts = np.array(shares if shares is not None else counts, dtype=float)
    stream = StreamSettings(
        shares=tuple(float(p) for p in parts / parts.sum()),
        augmentation=settings.augmentation,
        image_size_px=settings.image_size_px,
        resize=Resize(spec.resize),
        with_masks=_needs_masks(settings, sets),
        seed=settings.seed,
    )
    plan = Plan(
        settings=settings,
        spec=spec,
        sets=[match_categories(data, spec.categories, "the detector") for data in sets],
        stream=stream,
        identity=_identity(settings, spec, stream, sets),
        device=device,
    )
    check_continuable(plan)
    return plan


def _needs_masks(settings: Training, sets: Sequence[DetectionSet]) -> bool:
    bare = [d.name for d in sets if any(r.masks is None and len(r.boxes_xyxy) for r in d.images)]
    if settings.model.architecture == "mask_rcnn" and bare:
        raise DataError(
            f"model=mask_rcnn must have a mask for every object, and {bare[0]} has boxes only; "
            "take model=faster_rcnn"
        )
    return settings.model.architecture == "mask_rcnn" or settings.augmentation.copy_paste_probability > 0


def _identity(
    settings: Training, spec: DetectorSpec, stream: StreamSettings, sets: Sequence[DetectionSet]
) -> dict[str, Any]:
    kept = {key: value for key, value in asdict(settings).items() if key not in PLACE_KEYS}
    start = settings.initial_checkpoint
    return {
        "settings": kept,
        "detector": spec.to_dict(),
        "shares": list(stream.shares),
        "data": [fingerprint(data) for data in sets],
        "start": None if start is None else file_sha256(Path(start).expanduser()),
        "torch": str(torch.__version__),
    }


def fingerprint(data: DetectionSet) -> str:
    """A hash of a set's labels, categories, and the names and sizes of its images."""
    content = hashlib.sha256(json_bytes(list(data.categories)))
    for record in data.images:
        content.update(json_bytes([record.path.name, record.path.stat().st_size, *record.size_hw]))
        content.update(np.ascontiguousarray(record.boxes_xyxy).tobytes())
        content.update(np.ascontiguousarray(record.labels).tobytes())
        content.update(np.ascontiguousarray(record.ignore).tobytes())
    return content.hexdigest()[:16]


def check_continuable(plan: Plan) -> None:
    """Check that `out` is new, or holds an earlier state of this very training.

    Raises:
        StoreError: it holds another training.
    """
    if not plan.checkpoint_path.exists():
        return
    there: Mapping[str, Any] = load_checkpoint(plan.checkpoint_path).identity
    difference = first_difference(there, plan.identity)
    if difference is not None:
        raise StoreError(
            f"out '{plan.settings.out}' holds another training: {difference}; "
            "choose another out, or delete that one"
        )
