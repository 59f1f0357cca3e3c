"""WebDataset: `train-000000.tar`, `val-000000.tar` and so on, and `categories.json`.

A sample is the image `000000.png`, the labels `000000.json` and the dataset's maps, as `000000.depth.exr`.
The labels are those that COCO lists, a list for each field, all in one order: what is to be ignored is there,
and told. Each part of the dataset has its own tars, cut where one grows to `TAR_BYTES`; equal datasets give
equal bytes.
"""

import io
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from renderer.dataset.coco import exported_box_xyxy, listed_instances
from renderer.dataset.exports.format import Target
from renderer.dataset.exports.images import image_file
from renderer.dataset.record import Record
from renderer.files import json_bytes, write_json

TAR_BYTES = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class WebDatasetFormat:
    """WebDataset."""

    name: str = "webdataset"
    help: str = "tars for streaming: image, labels as JSON with masks, and the dataset's maps"

    def part(self, target: Target, number: int) -> "WebDatasetPart":
        """Begin a part."""
        return WebDatasetPart(target, number)

    def merge(self, target: Target, parts: int) -> None:
        """Number the tars of all parts, in order, and list the categories."""
        for split in target.splits():
            tars = [path for part in range(parts) for path in _tars_of(target, part, split)]
            for number, path in enumerate(tars):
                path.rename(target.folder / f"{split}-{number:06d}.tar")
        source = target.source
        listed = [
            {"id": number, "name": name, "keypoints": list(source.keypoints.get(name, ()))}
            for number, name in enumerate(source.categories, start=1)
        ]
        write_json(target.folder / "categories.json", listed)


class WebDatasetPart:
    """The tars of a range of frames, one open for each split."""

    def __init__(self, target: Target, number: int) -> None:
        self._target, self._number = target, number
        self._counts = dict.fromkeys(target.splits(), 0)
        self._open: dict[str, tarfile.TarFile] = {}

    def add(self, record: Record, split: str) -> None:
        """Add the files of a frame to the tar of its split."""
        tar = self._tar(split)
        key = Path(image_file(record)).stem
        _add_file(tar, f"{key}.json", json_bytes(sample_labels(self._target, record)))
        for name, entry in sorted(record.get("maps", {}).items()):
            suffix = Path(entry["file"]).suffix
            _add_file(tar, f"{key}.{name}{suffix}", self._target.source.read(entry["file"]))
        _add_file(tar, f"{key}.png", self._target.source.read(record["image"]["file"]))

    def _tar(self, split: str) -> tarfile.TarFile:
        tar = self._open.get(split)
        if tar is not None and tar.offset >= TAR_BYTES:
            tar.close()
            tar = None
        if tar is None:
            path = self._target.part_path(self._number, f"{split}.{self._counts[split]:06d}.tar")
            self._counts[split] += 1
            tar = self._open[split] = tarfile.open(path, "w", format=tarfile.USTAR_FORMAT)  # noqa: SIM115  closed by `close`
        return tar

    def close(self) -> None:
        """Finish the tars."""
        for tar in self._open.values():
            tar.close()


def _add_file(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file; its header says nothing of when, where or by whom: time 0, no owner."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _tars_of(target: Target, part: int, split: str) -> Sequence[Path]:
    pattern = target.part_path(part, f"{split}.*.tar")
    return sorted(pattern.parent.glob(pattern.name))


def sample_labels(target: Target, record: Record) -> dict[str, Any]:
    """The labels of a frame: `boxes_xyxy` in pixels, and the other lists in the same order."""
    image, instances = record["image"], listed_instances(record)
    size_wh = image["width_px"], image["height_px"]
    return {
        "frame": record["frame"],
        "width_px": image["width_px"],
        "height_px": image["height_px"],
        "camera": record.get("camera"),
        "boxes_xyxy": [exported_box_xyxy(one, target.choices.box, size_wh) for one in instances],
        "categories": [instance["category"] for instance in instances],
        "ids": [instance["id"] for instance in instances],
        "areas_px": [instance["area_px"] for instance in instances],
        "masks": [instance["segmentation"] for instance in instances],
        "visibility": [instance["visibility"] for instance in instances],
        "truncation": [instance["truncation"] for instance in instances],
        "ignored": [instance["ignored"] for instance in instances],
        "keypoints": [instance["keypoints"] for instance in instances],
    }


FORMAT = WebDatasetFormat()
