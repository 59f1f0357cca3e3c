"""BOP, the benchmark for poses of objects: folders of up to 1000 images, poses and models in millimetres.

Frame 2345 is image 345 of the folder `train_pbr/000002`. K is BOP's, whose first pixel has its centre at
(0, 0). Depth is there where the dataset has it (`labels.maps=[depth]`).
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import cv2
import numpy as np

from renderer.dataset.exports.bop_frames import (
    bop_depth,
    camera_entry,
    depth_scale,
    info_entry,
    pose_entry,
    read_depth_z,
    visible_mask,
    whole_camera,
    whole_mask,
)
from renderer.dataset.exports.bop_models import (
    Model,
    Models,
    Sight,
    model_info,
    model_of,
    models_of,
    sight_of,
)
from renderer.dataset.exports.format import Part, Target
from renderer.dataset.exports.images import place_image
from renderer.dataset.record import Record
from renderer.errors import DataError
from renderer.files import atomic_file, json_bytes, write_bytes, write_json

IMAGES_PER_FOLDER = 1000  # as in BOP's own rendered sets
FILES = ("scene_camera", "scene_gt", "scene_gt_info")
SUMMARY = "summary.json"


class BopFormat:
    """BOP's folders, scenewise."""

    name = "bop"
    help = "BOP: poses, whole and visible masks, depth where there is any; in millimetres"

    def part(self, target: Target, number: int) -> Part:
        """Begin a part."""
        return _Part(target, number)

    def merge(self, target: Target, parts: int) -> None:
        """Join the files of each folder, and write what is known of cameras and models."""
        for folder, numbers in _pieces(target).items():
            for name in FILES:
                _join(target, folder, name, numbers)
        _write_once(target, parts)


class _Folder:
    """The files of a folder of images, as far as one part writes them."""

    def __init__(self, target: Target, number: int, split: str, scene: int) -> None:
        self.scene = scene
        self.path = target.folder / f"{split}_pbr" / f"{scene:06d}"
        for name in ("rgb", "mask", "mask_visib"):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        self._open = ExitStack()
        pieces = {name: target.part_path(number, f"{split}_pbr.{scene:06d}.{name}") for name in FILES}
        self._files: Mapping[str, IO[bytes]] = {
            name: self._open.enter_context(path.open("wb")) for name, path in pieces.items()
        }

    def write(self, image: int, entries: Mapping[str, Any]) -> None:
        """Add the entries of an image to the files."""
        for name, entry in entries.items():
            self._files[name].write(b',\n"%d":' % image + json_bytes(entry))

    def close(self) -> None:
        self._open.close()


class _Part:
    def __init__(self, target: Target, number: int) -> None:
        self._target, self._number = target, number
        self._models: Models = models_of(target.source)
        self._folders: dict[str, _Folder] = {}
        self._sights: dict[Model, Sight] = {}
        self._camera: dict[str, Any] | None = None
        self._has_depth = False
        for piece in target.part_path(number, "").parent.glob(target.part_path(number, "*").name):
            piece.unlink()  # of an earlier try

    def add(self, record: Record, split: str) -> None:
        """Write the image, its masks and its depth.

        Raises:
            DataError: the lens bends straight lines, which BOP cannot tell.
        """
        if record["camera"]["lens"]:
            raise DataError(
                f"bop has no distortion, and the lens of frame {record['frame']} bends straight lines; "
                "leave bop out, or render with camera.distortion.model=none"
            )
        scene, image = divmod(record["frame"], IMAGES_PER_FOLDER)
        folder = self._folder(split, scene)
        place_image(self._target, record, folder.path / "rgb" / f"{image:06d}.png")
        scale = depth_scale(record)
        depth = self._write_depth(record, folder.path / "depth" / f"{image:06d}.png", scale)
        infos = []
        for number, instance in enumerate(record["instances"]):
            whole, name = whole_mask(record, instance), f"{image:06d}_{number:06d}.png"
            _save(255 * whole.astype(np.uint8), folder.path / "mask" / name)
            _save(255 * visible_mask(instance).astype(np.uint8), folder.path / "mask_visib" / name)
            infos.append(info_entry(instance, whole, depth))
            _join_sight(self._sights, model_of(instance), sight_of(instance))
        folder.write(image, {
            "scene_camera": camera_entry(record, scale),
            "scene_gt": [pose_entry(instance, self._models) for instance in record["instances"]],
            "scene_gt_info": infos,
        })  # fmt: skip
        self._camera = self._camera or whole_camera(record)

    def close(self) -> None:
        """Close the files, and leave what the merge needs to know of the models."""
        for folder in self._folders.values():
            folder.close()
        sights = [[*model, sight.plain()] for model, sight in sorted(self._sights.items())]
        summary = {"camera": self._camera, "has_depth": self._has_depth, "sights": sights}
        write_json(self._target.part_path(self._number, SUMMARY), summary)

    def _folder(self, split: str, scene: int) -> _Folder:
        current = self._folders.get(split)
        if current is None or current.scene != scene:
            if current is not None:
                current.close()
            current = self._folders[split] = _Folder(self._target, self._number, split, scene)
        return current

    def _write_depth(self, record: Record, path: Path, scale_mm: float) -> np.ndarray | None:
        if "depth" not in record["maps"]:
            return None
        depth_z_m = read_depth_z(self._target.source.read(record["maps"]["depth"]["file"]))
        depth = bop_depth(depth_z_m, scale_mm)
        path.parent.mkdir(exist_ok=True)
        _save(depth, path)
        self._has_depth = True
        return depth


def _save(pixels: np.ndarray, path: Path) -> None:
    done, encoded = cv2.imencode(".png", pixels)
    assert done, "OpenCV cannot encode a PNG"
    path.write_bytes(encoded.tobytes())


def _pieces(target: Target) -> dict[str, list[int]]:
    """Of each folder, such as `train_pbr.000002`, the numbers of the parts that have written into it."""
    pieces: dict[str, list[int]] = {}
    for path in sorted(target.part_path(0, "").parent.glob(f"*.{FILES[0]}")):
        number, _, rest = path.name.partition(".")
        pieces.setdefault(rest.removesuffix(f".{FILES[0]}"), []).append(int(number))
    return pieces


def _join(target: Target, folder: str, name: str, numbers: Sequence[int]) -> None:
    """Write a JSON object from the pieces of parts, each of which begins with a comma."""
    split, _, scene = folder.partition(".")
    with atomic_file(target.folder / split / scene / f"{name}.json") as file:
        file.write(b"{")
        for number in numbers:
            with target.part_path(number, f"{folder}.{name}").open("rb") as piece:
                piece.seek(1 if number == numbers[0] else 0)
                shutil.copyfileobj(piece, file)
        file.write(b"\n}\n")


def _write_once(target: Target, parts: int) -> None:
    models = models_of(target.source)
    seen: dict[Model, Sight] = {}
    camera, has_depth = None, False
    for number in range(parts):
        summary = json.loads(target.part_path(number, SUMMARY).read_bytes())
        for kind, name, plain in summary["sights"]:
            _join_sight(seen, (kind, name), Sight.of_plain(plain))
        camera = camera or summary["camera"]
        has_depth |= summary["has_depth"]
    known = {**models.own, **seen}
    infos = {str(models.numbers[model]): model_info(sight) for model, sight in known.items()}
    names = {str(models.numbers[model]): _described(model, models) for model in known}
    write_json(target.folder / "models" / "models_info.json", infos)
    write_json(target.folder / "models" / "object_names.json", names)
    if camera is not None:
        write_json(target.folder / "camera.json", camera)
    write_bytes(target.folder / "dataset_info.md", _info(has_depth=has_depth).encode())


def _join_sight(sights: dict[Model, Sight], model: Model, sight: Sight) -> None:
    known = sights.get(model)
    sights[model] = sight if known is None else known.joined(sight)


def _described(model: Model, models: Models) -> dict[str, str]:
    kind, name = model
    described = {"category": models.categories[model]}
    return described | ({"kind": kind, "mesh": name} if kind else {})


def _info(*, has_depth: bool) -> str:
    depth = (
        "`depth` times `depth_scale` of `scene_camera.json` is the depth along the axis in mm; 0 is none."
        if has_depth
        else "There is no depth: the dataset was rendered without `labels.maps=[depth]`."
    )
    return (
        "# Rendered by gapless\n\n"
        "`models/object_names.json` says what each `obj_id` is. The meshes themselves are not here. Where\n"
        "sizes were drawn, `model_min` and `model_size` in `scene_gt.json` are the object's own box, and\n"
        f"`models_info.json` has the largest one.\n\n{depth}\n"
    )


FORMAT = BopFormat()
