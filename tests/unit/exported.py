"""A small dataset whose frames are true without Blender: rays find what each pixel shows; and its exports."""

import json
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from unit.recipes import dice_recipe
from unit.shelves import brick, library_of, mesh_object
from unit.strategies import die, scene_of

from renderer.buffers import Buffers
from renderer.catalog.library import Library
from renderer.catalog.meshes.symmetries import Symmetry
from renderer.dataset.exports.format import Choices, Format, Target
from renderer.dataset.meshes import write_meshes
from renderer.dataset.record import FrameSource, Record
from renderer.dataset.source import Split
from renderer.dataset.store import Store
from renderer.execution.frame import Traced, finish_frame, label_view
from renderer.labels.cast import cast_view
from renderer.randomize.cameras import camera_rotation
from renderer.scene import Camera, Pose, SceneObject, SensorValues, Shot, View

CPU = torch.device("cpu")
WIDTH, HEIGHT = 96, 72
BRICK, PARCEL, DIE = "tall brick", 'R&D <"parcel">', "1"
CATEGORIES = (PARCEL, BRICK, DIE)
MODELS = {f"{BRICK}/a.obj": brick(0.06, 0.03, 0.09), f"{PARCEL}/b.obj": brick(0.1, 0.05, 0.02)}
HALF_TURNS = (Symmetry(axis=(0.0, 0.0, 1.0), turns=2), Symmetry(axis=(1.0, 0.0, 0.0), turns=2))
# Half a metre before the origin, level: upright objects are upright in its frame too.
LEVEL = Camera(
    width_px=WIDTH,
    height_px=HEIGHT,
    fx_px=180.0,
    fy_px=160.0,
    cx_px=50.0,
    cy_px=33.0,
    pose=Pose(
        position_m=(0.0, -0.5, 0.05),
        rotation_wxyz=camera_rotation(azimuth_deg=0, tilt_deg=90, roll_deg=0),
    ),
)
FRAMES = (0, 1, 999, 1000, 2345)


@dataclass(frozen=True, kw_only=True)
class MadeSource:
    """A dataset as exports see it."""

    root: Path
    categories: Sequence[str] = CATEGORIES
    keypoints: Mapping[str, Sequence[str]] = None
    recipe: Mapping[str, Any] = None
    scene_frames: int = 1

    def frames(self) -> Sequence[int]:
        return sorted(int(path.stem) for path in (self.root / "frames").glob("*.json"))

    def records(self, frames: Sequence[int]) -> Iterator[Record]:
        for frame in frames:
            yield json.loads((self.root / f"frames/{frame:06d}.json").read_bytes())

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def path(self, name: str) -> Path | None:
        return self.root / name


def posed(x_m: float, y_m: float, z_m: float, *turn: float) -> Pose:
    """A pose in the world; its turn as a rotation vector."""
    w, x, y, z = Rotation.from_rotvec(turn or (0.0, 0.0, 0.0)).as_quat(scalar_first=True)
    return Pose(position_m=(x_m, y_m, z_m), rotation_wxyz=(float(w), float(x), float(y), float(z)))


def brick_at(pose: Pose, slot: int = 0, **values: Any) -> SceneObject:
    return mesh_object(f"{BRICK}/a.obj", pose, slot=slot, **values)


def parcel_at(pose: Pose, slot: int = 0, **values: Any) -> SceneObject:
    return mesh_object(f"{PARCEL}/b.obj", pose, slot=slot, **values)


def crowd() -> tuple[SceneObject, ...]:
    """Upright, half hidden and smaller, askew, half outside, behind the camera; and a die on an edge."""
    return (
        brick_at(posed(-0.03, 0.0, 0.045, 0, 0, 0.5)),
        brick_at(posed(0.005, 0.2, 0.045, 0, 0, -2.0), slot=1, scale=0.5),
        parcel_at(posed(-0.12, 0.1, 0.1, 0.7, -0.4, 1.0)),
        parcel_at(posed(0.12, 0.0, 0.02, 0, 0, 0.2), slot=1),
        brick_at(posed(0.0, -0.9, 0.045), slot=2),
        replace(die(face=1, edge_m=0.03), pose=posed(0.06, -0.05, 0.07, 0, math.pi / 4, 0)),
    )


def rendered(library: Library, frame: int, objects: Sequence[SceneObject], seen_by: Camera = LEVEL) -> Any:
    """A frame of these objects, as rays see them."""
    recipe = dice_recipe(**{"labels.maps": ["depth"], "labels.min_pixels": 4})
    shot = Shot(sensor=SensorValues(), noise_seed=1, draws={})
    view = View(camera=seen_by, cycles_seed=1, shots=(shot,), draws={})
    scene = scene_of(*objects)
    cast = cast_view(scene, view, library, CPU)
    ids, depth_z_m = cast.ids.numpy().astype(np.int32), cast.depth_z_m.numpy().astype(np.float32)
    slope = np.linspace(0.05, 0.5, seen_by.width_px, dtype=np.float32)[None] + 0.08 * ids
    radiance = np.repeat(slope[..., None], 3, axis=2).astype(np.float32)
    traced = Traced(scene=scene, view=view, buffers=Buffers(radiance=radiance, ids=ids, depth_z_m=depth_z_m))
    labelled = label_view(recipe, library, traced, cast, CPU)
    return finish_frame(FrameSource(frame=frame, scene=scene, view=view, shot=shot), labelled, CPU)


def made_dataset(root: Path, monkeypatch: Any) -> MadeSource:
    """Frames of a crowd, of nothing, and of a parcel at the borders of BOP's folders."""
    library = library_of(monkeypatch, MODELS, symmetries=HALF_TURNS)
    store = Store(root=root, identity={})
    objects_of = {0: crowd(), 1: ()}
    for frame in FRAMES:
        objects = objects_of.get(frame, (parcel_at(posed(0, 0, 0.05, 0.3, 0, 0.2)),))
        made = rendered(library, frame, objects)
        assert made.record["status"] == "ok", made.record["reason"]
        store.commit(made.record, made.image_png, made.maps)
    write_meshes(library.shelves, root / "meshes.json")
    return MadeSource(root=root)


class EveryThird(Split):
    """Scenes 2, 5, 8 ... are for validation."""

    def of(self, scene: int) -> str:
        return "val" if scene % 3 == 2 else "train"


def exported(form: Format, source: MadeSource, folder: Path, parts: int = 1, **choices: Any) -> Path:
    """Export in some parts, of which the last ones are tried twice, and written before the first."""
    split = EveryThird(val_share=1 / 3)
    target = Target(folder=folder, source=source, choices=Choices(split=split, **choices))
    (folder / ".parts").mkdir(parents=True, exist_ok=True)  # the runner makes and removes it
    ranges = np.array_split(source.frames(), parts)
    for number in reversed(range(parts)):
        part = form.part(target, number)
        for record in source.records(ranges[number].tolist()):
            part.add(record, split.of(record["frame"]))
        part.close()
    form.merge(target, parts)
    shutil.rmtree(folder / ".parts")
    return folder


def record_of_frame(source: MadeSource, frame: int) -> Record:
    (record,) = source.records([frame])
    return record
