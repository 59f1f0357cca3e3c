"""What follows from the records of a dataset, written when its frames are done."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from renderer.catalog.library import Library
from renderer.catalog.sources import categories, category_keypoints
from renderer.commands.job import ResolvedJob
from renderer.dataset.coco import write_coco
from renderer.dataset.record import image_name
from renderer.dataset.source import MANIFEST
from renderer.dataset.store import Store
from renderer.files import atomic_file, json_bytes, write_bytes, write_json
from renderer.inspect.contact_sheet import LabelledImage, contact_sheet
from renderer.recipe.schema import Recipe

SHEET_FRAMES = 16


def write_derived(store: Store, job: ResolvedJob[Recipe], library: Library) -> None:
    """Write all that follows from the records: annotations, draws, the recipe and the contact sheet."""
    recipe, names = job.settings, categories(job.settings, library)
    keypoints = category_keypoints(recipe, library)
    write_coco(store, names, store.root / "annotations.json", box=recipe.labels.box, keypoints=keypoints)
    with atomic_file(store.root / "draws.jsonl") as file:
        for record in store.records():
            file.write(json_bytes({"frame": record["frame"], "draws": record["draws"]}) + b"\n")
    write_bytes(store.root / "recipe.yaml", job.yaml.encode())
    listed = [{"name": name, "keypoints": list(keypoints.get(name, ()))} for name in names]
    write_json(store.root / MANIFEST, {"categories": listed})
    frames = list(_sheet_frames(store))
    if frames:
        write_picture(store.root / "preview.png", contact_sheet(frames, names))


def _sheet_frames(store: Store) -> Iterator[LabelledImage]:
    good = (record for record in store.records() if record["status"] == "ok")
    for record in itertools.islice(good, SHEET_FRAMES):
        pixels = cv2.imread(str(store.root / image_name(record["frame"])))
        assert pixels is not None, "a committed image cannot be read"
        yield LabelledImage(
            image=cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB).astype(np.uint8),
            caption=f"frame {record['frame']}",
            instances=record["instances"],
        )


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Write an RGB picture as a PNG file."""
    from renderer.execution.frame import encode_png

    write_bytes(path, encode_png(picture))
