"""KITTI's object detection: 15 fields for each object, and a calibration for each image.

Boxes are 0-based pixels and both corners inside, as KITTI clips its own to the width less one: the half-open
box (x0, y0, x1, y1) of a record is x0, y0, x1 - 1, y1 - 1. So are the pixels of the projections in `calib`:
the first one's centre is (0, 0), where a record has it at (0.5, 0.5).

KITTI knows one angle: how an object that stands upright in the camera's frame is turned about the axis y,
which points down. The fields of three dimensions are written where the object's own up (+Z of its frame) is
the camera's -y, within 0.001 radians, and the lens keeps straight lines straight. All other objects have
KITTI's values for what is not known: dimensions -1, location -1000, both angles -10.
"""

import math
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from renderer.dataset.coco import listed_instances
from renderer.dataset.exports.format import Part, Target
from renderer.dataset.exports.images import image_file, place_image
from renderer.dataset.exports.objects import Instance, box_in_image, hidden_share
from renderer.dataset.record import Record
from renderer.errors import DataError
from renderer.files import append_files, atomic_file
from renderer.rotation import rotation_matrix

DONT_CARE = "DontCare"
PARTLY, LARGELY = 0.05, 0.5  # shares that are hidden, above which an object is partly or largely occluded
UPRIGHT_RAD = 1e-3  # settled objects lean by less; it moves an object's top by a thousandth of its height
TRAINVAL = "trainval"
FOLDERS = ("image_2", "label_2", "calib")
# A laser at the camera's place, x ahead, y to the left, z up, as KITTI's looks.
CAMERA_FROM_LASER = np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0]], dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Solid:
    """An object's box as KITTI has it; what is not known by default.

    Attributes:
        dimensions_hwl_m: height along the object's z, width along its y, length along its x.
        location_m: the middle of the lower side, in the camera's frame.
        alpha_rad: `rotation_y_rad`, less the direction in which the object is seen.
        rotation_y_rad: 0 where the object's x axis is the camera's.
    """

    dimensions_hwl_m: tuple[float, float, float] = (-1.0, -1.0, -1.0)
    location_m: tuple[float, float, float] = (-1000.0, -1000.0, -1000.0)
    alpha_rad: float = -10.0
    rotation_y_rad: float = -10.0


UNKNOWN = Solid()


class KittiFormat:
    """KITTI's folders."""

    name = "kitti"
    help = "KITTI: a text file for each image; 3D boxes of objects that stand upright before the camera"

    def part(self, target: Target, number: int) -> Part:
        """Begin a part.

        Raises:
            DataError: two categories have one name in KITTI, or one is KITTI's word for what is ignored.
        """
        return _Part(target, number)

    def merge(self, target: Target, parts: int) -> None:
        """Join the lists."""
        for split in (*target.splits(), TRAINVAL):
            with atomic_file(target.folder / "ImageSets" / f"{split}.txt") as file:
                append_files(file, [target.part_path(number, split) for number in range(parts)])


class _Part:
    def __init__(self, target: Target, number: int) -> None:
        self._target = target
        self._types = {category: kitti_type(category) for category in target.source.categories}
        _check_types(self._types)
        for name in FOLDERS:
            (target.folder / "training" / name).mkdir(parents=True, exist_ok=True)
        self._open = ExitStack()
        self._lists = {
            split: self._open.enter_context(target.part_path(number, split).open("w"))
            for split in (*target.splits(), TRAINVAL)
        }

    def add(self, record: Record, split: str) -> None:
        """Write the image, its labels and its calibration."""
        folder, name = self._target.folder / "training", image_file(record)
        stem = Path(name).stem
        place_image(self._target, record, folder / "image_2" / name)
        lines = [self._line(record, instance) for instance in listed_instances(record)]
        (folder / "label_2" / f"{stem}.txt").write_text("".join(lines))
        (folder / "calib" / f"{stem}.txt").write_text(_calibration(record))
        for name in (split, TRAINVAL):
            self._lists[name].write(f"{stem}\n")

    def close(self) -> None:
        """Close the lists."""
        self._open.close()

    def _line(self, record: Record, instance: Instance) -> str:
        """The 15 fields of an object; of what is ignored, only its box says something."""
        x0, y0, x1, y1 = box_in_image(record, instance, self._target.choices.box)
        box = [f"{value:.2f}" for value in (x0, y0, x1 - 1, y1 - 1)]
        if instance["ignored"]:
            head, solid = [DONT_CARE, "-1", "-1"], UNKNOWN
        else:
            share = _number(instance["truncation"])
            head = [self._types[instance["category"]], share, str(occlusion_state(instance))]
            solid = UNKNOWN if record["camera"]["lens"] else kitti_solid(instance)
        extent = [_number(value) for value in (*solid.dimensions_hwl_m, *solid.location_m)]
        fields = [*head, _number(solid.alpha_rad), *box, *extent, _number(solid.rotation_y_rad)]
        return " ".join(fields) + "\n"


def kitti_type(category: str) -> str:
    """A category's name without blanks, which part KITTI's fields."""
    return "_".join(category.split())


def _check_types(types: dict[str, str]) -> None:
    known: dict[str, str] = {DONT_CARE: "what is ignored"}
    for category, kitti in types.items():
        if kitti in known:
            raise DataError(
                f"kitti has no blanks in names, and '{category}' would be '{kitti}' like {known[kitti]}; "
                "rename one of the categories"
            )
        known[kitti] = f"'{category}'"


def occlusion_state(instance: Instance) -> int:
    """0 is visible, 1 partly and 2 largely occluded, by the share of it inside the image that is hidden."""
    share = hidden_share(instance)
    return int(share > PARTLY) + int(share > LARGELY)


def kitti_solid(instance: Instance) -> Solid:
    """The box of an object that stands upright in the camera's frame; else what is not known."""
    axes = rotation_matrix(instance["pose"]["rotation_wxyz"])  # its columns are x, y, z of the object
    ahead, up = axes[:, 0], axes[:, 2]
    if math.hypot(up[0], up[2]) > math.sin(UPRIGHT_RAD) or up[1] > 0:
        return UNKNOWN
    corners: Float[np.ndarray, "8 3"] = np.array(instance["box_3d"]["corners_m"])
    length, width, height = (float(np.linalg.norm(corners[bit] - corners[0])) for bit in (1, 2, 4))
    x, y, z = (float(value) for value in corners[:4].mean(axis=0))
    rotation_y_rad = math.atan2(-ahead[2], ahead[0])
    return Solid(
        dimensions_hwl_m=(height, width, length),
        location_m=(x, y, z),
        alpha_rad=_within_half_turn(rotation_y_rad - math.atan2(x, z)),
        rotation_y_rad=rotation_y_rad,
    )


def _within_half_turn(angle_rad: float) -> float:
    return math.remainder(angle_rad, 2 * math.pi)


def _number(value: float) -> str:
    return f"{round(value, 6) + 0.0:.6f}"  # + 0.0: no -0.0


def _calibration(record: Record) -> str:
    """One camera, which all four of KITTI's are here, without rectification."""
    K = np.array(record["camera"]["K"])
    K[:2, 2] -= 0.5  # KITTI's first pixel has its centre at (0, 0)
    projection = np.hstack([K, np.zeros((3, 1))])
    matrices = {f"P{number}": projection for number in range(4)} | {
        "R0_rect": np.eye(3),
        "Tr_velo_to_cam": CAMERA_FROM_LASER,
        "Tr_imu_to_velo": np.eye(3, 4),
    }
    return "".join(
        f"{name}: {' '.join(f'{value:.12e}' for value in matrix.ravel())}\n"
        for name, matrix in matrices.items()
    )


FORMAT = KittiFormat()
