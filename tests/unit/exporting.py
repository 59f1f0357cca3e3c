"""Datasets made of records alone, to export, and readers by the rules that formats document."""

import json
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from hypothesis import strategies as st
from jaxtyping import Bool
from PIL import Image
from unit.frames import instance_of

from renderer.dataset.exports.format import Choices, Target
from renderer.dataset.exports.registry import formats_named
from renderer.dataset.exports.runner import NOTHING, Counts, export
from renderer.dataset.source import Source, open_source

CATEGORIES = ("1", "2", "never seen")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A mask of a frame and what is said of it."""

    mask: Bool[np.ndarray, "h w"]
    category: str = "1"
    annotated: bool = True
    ignored: bool = False
    margin_px: tuple[int, int, int, int] = (0, 0, 0, 0)


def record_of(frame: int, size_hw: tuple[int, int], shown: Sequence[Shown] = ()) -> dict[str, Any]:
    """A record; whole objects reach beyond what is seen by their margins, perhaps out of the image."""
    instances = []
    for number, one in enumerate(shown, start=1):
        entry = instance_of(one.mask, one.category, annotated=one.annotated, ignored=one.ignored)
        x0, y0, x1, y1 = entry["bbox_xyxy"]
        left, top, right, bottom = one.margin_px
        entry["amodal"] = {"bbox_xyxy": [x0 - left, y0 - top, x1 + right, y1 + bottom]}
        instances.append({"id": number} | entry)
    image = {"file": f"images/{frame:06d}.png", "width_px": size_hw[1], "height_px": size_hw[0], "bytes": 1}
    return {
        "frame": frame, "status": "ok", "image": image, "maps": {}, "instances": instances, "draws": {}
    }  # fmt: skip


def source_of(root: Path, records: Iterable[Mapping[str, Any]], scene_frames: int = 1) -> Source:
    """A finished dataset of records, with black images of their sizes."""
    for folder in ("frames", "images"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for record in records:
        (root / f"frames/{record['frame']:06d}.json").write_text(json.dumps(record))
        if record["status"] == "ok":
            image = record["image"]
            Image.new("L", (image["width_px"], image["height_px"])).save(root / image["file"])
    recipe = {"views": scene_frames, "shots": 1, "labels.box": "visible"}
    (root / "dataset.json").write_text(json.dumps({"recipe": recipe}))
    listed = [{"name": name, "keypoints": []} for name in CATEGORIES]
    (root / "manifest.json").write_text(json.dumps({"categories": listed}))
    return open_source(root)


def exported(
    source: Source, out: Path, *names: str, choices: Choices | None = None, processes: int = 1
) -> Counts:
    """Export and add up what was told."""
    total = NOTHING
    for counts in export(source, formats_named(names), out, choices or Choices(), processes):
        total += counts
    return total


@st.composite
def shown_masks(draw, size_hw: tuple[int, int]) -> list[Shown]:
    """Disjoint masks of several pieces, with holes, at borders, of one pixel; ignored or too small some."""
    height, width = size_hw
    free = np.ones(size_hw, dtype=bool)
    shown = []
    for _ in range(draw(st.integers(0, 4))):
        mask = np.zeros(size_hw, dtype=bool)
        for _ in range(draw(st.integers(1, 3))):
            x0, y0 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
            w, h = draw(st.integers(1, width)), draw(st.integers(1, height))
            mask[y0 : y0 + h, x0 : x0 + w] = True
            if draw(st.booleans()):
                mask[y0 + 1 : y0 + max(1, h - 1), x0 + 1 : x0 + max(1, w // 2)] = False
        mask &= free
        free &= ~mask
        if mask.any():
            annotated, ignored = draw(st.sampled_from([(True, False), (False, True), (False, False)]))
            margins = draw(st.tuples(*[st.integers(0, 20)] * 4))
            category = draw(st.sampled_from(CATEGORIES[:2]))
            shown.append(
                Shown(mask=mask, category=category, annotated=annotated, ignored=ignored, margin_px=margins)
            )
    return shown


def read_as_ultralytics(data_yaml: Path, split: str) -> dict[str, tuple[list[int], list[np.ndarray]]]:
    """Classes and rows of numbers by image, by the rules of `ultralytics.data.utils.verify_image_label`.

    `path` is the folder of the yaml where it names none; labels lie where the last `images` of an image's
    path is `labels`; a row is class x y w h, or class and a polygon of 3 points at least where any row of the
    file has more than 6 numbers; all numbers are in [0, 1], classes below the number of names.
    """
    content = yaml.safe_load(data_yaml.read_text())
    assert {"train", "val"} <= set(content), "'train' and 'val' are required in all data YAMLs"
    names = content["names"]
    assert sorted(names) == list(range(len(names)))
    folder = Path(content.get("path") or data_yaml.parent) / content[split]
    found = {}
    for image in sorted(folder.glob("*.png")):
        head, _, tail = str(image).rpartition("/images/")
        rows = [
            r.split() for r in Path(f"{head}/labels/{tail}").with_suffix(".txt").read_text().split("\n") if r
        ]
        lines = [[float(value) for value in row] for row in rows]
        is_segment = any(len(line) > 6 for line in lines)
        for line in lines:
            assert len(line) >= 7 if is_segment else len(line) == 5
            assert len(line) % 2 == 1
            assert all(0 <= value <= 1 for value in line[1:]), "non-normalized or out of bounds"
            assert line[0] == int(line[0]) < len(names)
        found[image.stem] = [int(line[0]) for line in lines], [np.array(line[1:]) for line in lines]
    return found


def filled(polygon: np.ndarray, size_hw: tuple[int, int], upscale: int = 8) -> Bool[np.ndarray, "h w"]:
    """Pixels whose centres lie in a polygon of fractions, by OpenCV on a finer grid, by even and odd."""
    height, width = size_hw
    fine = np.zeros((height * upscale, width * upscale), dtype=np.uint8)
    points = np.round(polygon.reshape(-1, 2) * (width * upscale, height * upscale)).astype(np.int32)
    cv2.fillPoly(fine, [points], 1)
    middle = upscale // 2
    return fine[middle::upscale, middle::upscale].astype(bool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A format that writes down what it is given, and may meet with misfortune at a frame.

    Attributes:
        full: the frame at which the disk is full.
        killed: the frame at which the process is killed.
    """

    name: str = "probe"
    help: str = "what a part was given"
    full: int = -1
    killed: int = -1

    def part(self, target: Target, number: int) -> "ProbePart":
        return ProbePart(self, target.part_path(number, "txt"))

    def merge(self, target: Target, parts: int) -> None:
        texts = [target.part_path(number, "txt").read_text() for number in range(parts)]
        (target.folder / "parts.json").write_text(json.dumps([text.split() for text in texts]))


class ProbePart:
    def __init__(self, probe: Probe, path: Path) -> None:
        self._probe, self._file = probe, path.open("w")

    def add(self, record: Mapping[str, Any], split: str) -> None:
        if record["frame"] == self._probe.full:
            with Path("/dev/full").open("wb", buffering=0) as full:
                full.write(b"one byte")
        if record["frame"] == self._probe.killed:
            os.kill(os.getpid(), signal.SIGKILL)
        self._file.write(f"{record['frame']}\n")

    def close(self) -> None:
        self._file.close()


def parts_of(out: Path) -> list[list[int]]:
    """The frames that each part of a probe was given."""
    return [[int(frame) for frame in part] for part in json.loads((out / "probe/parts.json").read_text())]
