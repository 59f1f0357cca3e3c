"""Whether a stored frame is what it was when it was rendered: its record, image, maps and labels."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import cv2
import numpy as np

from renderer.dataset.entries import flags_of
from renderer.dataset.record import Record, image_name, map_name
from renderer.dataset.store import Store
from renderer.errors import StoreError
from renderer.labels.certificate import FIGURES, Fault
from renderer.labels.entry_checks import entry_fault, form_fault, overlap_fault

RECORD_KEYS: Mapping[str, type] = {
    "image": dict, "maps": dict, "camera": dict, "instances": list, "draws": dict, "certification": dict,
}  # fmt: skip
REJECTED_KEYS: Mapping[str, type] = {"check": str, "reason": str, "draws": dict}
FILE_KEYS: Mapping[str, type] = {"file": str, "bytes": int, "sha256": str}
FACE_KEYS = ("face_margin", "face_visibility")
IMAGE_KEYS: Mapping[str, type] = {**FILE_KEYS, "width_px": int, "height_px": int}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a dataset's recipe says of its labels.

    Attributes:
        maps: names of the maps that each frame has.
    """

    min_pixels: int
    min_visibility: float
    min_face_margin: float
    min_face_visibility: float
    maps: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameCheck:
    """What a frame's record is.

    Attributes:
        record: None where it cannot be used.
    """

    frame: int
    record: Record | None
    faults: tuple[Fault, ...] = field(default_factory=tuple)


def check_frame(store: Store, frame: int, limits: Limits) -> FrameCheck:
    """Check one frame of a dataset."""
    try:
        record = json.loads(store.record_bytes(frame))
    except OSError as error:
        return _unusable(frame, f"cannot be read: {error.strerror}")
    except StoreError as error:
        return _unusable(frame, f"cannot be read: {error}")
    except (ValueError, RecursionError):
        return _unusable(frame, "is no JSON")
    reason = record_fault(record, frame)
    if reason is not None:
        return _unusable(frame, reason)
    faults = tuple(_faults(store, record, limits)) if record["status"] == "ok" else ()
    return FrameCheck(frame=frame, record=record, faults=faults)


def _unusable(frame: int, reason: str) -> FrameCheck:
    fault = Fault(check="record", reason=f"the record {reason}")
    return FrameCheck(frame=frame, record=None, faults=(fault,))


def record_fault(record: Any, frame: int) -> str | None:
    """What keeps a record from being read on, or None."""
    if not isinstance(record, dict):
        return "is no JSON object"
    if record.get("frame") != frame:
        return f"is of frame {record.get('frame')}"
    if record.get("status") == "rejected":
        return form_fault(record, REJECTED_KEYS)
    if record.get("status") != "ok":
        return f"has the status {record.get('status')!r}, expected 'ok' or 'rejected'"
    reason = form_fault(record, RECORD_KEYS) or form_fault(record["image"], IMAGE_KEYS)
    if reason is None and not all(isinstance(entry, dict) for entry in record["instances"]):
        return "has an instance that is no JSON object"
    return reason


def _faults(store: Store, record: Record, limits: Limits) -> Iterator[Fault]:
    found = {
        "image": image_fault(store, record),
        "maps": maps_fault(store, record, limits),
        "labels": labels_fault(record),
        "certification": certification_fault(record),
    }
    if found["labels"] is None:
        found["flags"] = flags_fault(record, limits)  # of labels that can be read
    for check, reason in found.items():
        if reason is not None:
            yield Fault(check=check, reason=reason)


def image_fault(store: Store, record: Record) -> str | None:
    """What is wrong with a frame's image."""
    image = record["image"]
    if image["file"] != image_name(record["frame"]):
        return f"the record names the image {image['file']!r}, expected {image_name(record['frame'])!r}"
    content = _content(store, image)
    if isinstance(content, str):
        return content
    pixels = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    expected = (image["height_px"], image["width_px"], 3)
    if pixels is None or pixels.shape != expected or pixels.dtype != np.uint8:
        found = "nothing" if pixels is None else f"{pixels.dtype} {pixels.shape}"
        return f"{image['file']} decodes to {found}, expected 8 bits and {expected}"
    return None


def _content(store: Store, file: Mapping[str, Any]) -> bytes | str:
    """The bytes of a file that a record names by the name that it must have, or what is wrong with it."""
    name = file["file"]
    try:
        content: bytes = store.read(name)
    except FileNotFoundError:
        return f"{name} is missing"
    except OSError as error:
        return f"{name} cannot be read: {error.strerror}"
    except StoreError as error:
        return str(error)
    if len(content) != file["bytes"]:
        return f"{name} has {len(content)} bytes, expected {file['bytes']}"
    if hashlib.sha256(content).hexdigest() != file["sha256"]:
        return f"{name} has other content than it was rendered with: its sha256 differs"
    return content


def maps_fault(store: Store, record: Record, limits: Limits) -> str | None:
    """What is wrong with a frame's maps."""
    if set(record["maps"]) != limits.maps:
        return f"the record has the maps {sorted(record['maps'])}, expected {sorted(limits.maps)}"
    for name, file in record["maps"].items():
        reason = form_fault(file, FILE_KEYS) if isinstance(file, dict) else "is no JSON object"
        if reason is not None:
            return f"the map {name} {reason}"
        expected = map_name(name, record["frame"])
        if file["file"] != expected:
            return f"the record names the map {file['file']!r}, expected {expected!r}"
        content = _content(store, file)
        if isinstance(content, str):
            return content
    return None


def labels_fault(record: Record) -> str | None:
    """What is wrong with the labels of a frame."""
    size_hw = record["image"]["height_px"], record["image"]["width_px"]
    for number, entry in enumerate(record["instances"]):
        reason = entry_fault(entry, size_hw)
        if reason is not None:
            return f"{entry.get('name', f'instance {number}')} {reason}"
    for key in ("name", "id"):
        if len({entry[key] for entry in record["instances"]}) < len(record["instances"]):
            return f"two instances have the same {key}"
    return overlap_fault(record["instances"])


def flags_fault(record: Record, limits: Limits) -> str | None:
    """Which instance is not flagged as the recipe says."""
    for entry in record["instances"]:
        reason = form_fault(entry, {key: Real for key in FACE_KEYS if key in entry})
        if reason is not None:
            return f"{entry['name']} {reason}"
        for key, expected in flags_of(entry, limits).items():
            if entry[key] != expected:
                return f"{entry['name']} has {key} {entry[key]}, but by the recipe's limits it is {expected}"
    return None


def certification_fault(record: Record) -> str | None:
    """Whether the record carries the figures of its certification."""
    figures, image = record["certification"], record["image"]
    missing = [name for name in FIGURES if name not in figures]
    if missing:
        return f"the record's certification has no {missing[0]}"
    if figures["rays"] != image["width_px"] * image["height_px"]:
        return f"{figures['rays']} rays were cast, expected one for each pixel"
    if figures["instances"] != len(record["instances"]):
        return (
            f"{figures['instances']} instances were certified, but the record has {len(record['instances'])}"
        )
    return None
