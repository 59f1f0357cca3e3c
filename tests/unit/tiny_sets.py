"""Tiny labelled sets: coloured squares on grey."""

import json
from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

CATEGORIES = ("red", "blue")
COLORS = {"red": (210, 40, 40), "blue": (40, 60, 210)}


def write_tiny_set(
    folder: Path, images: int, *, seed: int, size_px: int = 96, with_masks: bool = False
) -> Path:
    """Write a COCO json and its images, in a folder of its stem; every fourth image has no objects."""
    rng = np.random.default_rng(seed)
    path = folder / f"set_{seed}.json"
    (folder / path.stem).mkdir(parents=True, exist_ok=True)
    annotations = []
    for number in range(1, images + 1):
        pixels = rng.integers(100, 140, (size_px, size_px, 3)).astype(np.uint8)
        for _ in range(0 if number % 4 == 0 else int(rng.integers(1, 3))):
            annotations.append(_draw(rng, pixels, number, len(annotations) + 1, with_masks))
        Image.fromarray(pixels).save(folder / path.stem / f"{number}.png")
    path.write_text(
        json.dumps(
            {
                "images": [
                    {"id": n, "file_name": f"{n}.png", "width": size_px, "height": size_px}
                    for n in range(1, images + 1)
                ],
                "annotations": annotations,
                "categories": [{"id": i, "name": name} for i, name in enumerate(CATEGORIES, start=1)],
            }
        )
    )
    return path


def _draw(rng: np.random.Generator, pixels: np.ndarray, image: int, number: int, with_masks: bool) -> dict:
    size = pixels.shape[0]
    side = int(rng.integers(size // 4, size // 2))
    x, y = (int(v) for v in rng.integers(0, size - side, 2))
    category = int(rng.integers(1, 3))
    pixels[y : y + side, x : x + side] = COLORS[CATEGORIES[category - 1]]
    annotation = {
        "id": number,
        "image_id": image,
        "category_id": category,
        "bbox": [x, y, side, side],
        "area": side * side,
        "iscrowd": 0,
    }
    if with_masks:
        mask = np.zeros((size, size), dtype=np.uint8, order="F")
        mask[y : y + side, x : x + side] = 1
        run_lengths = coco_mask.encode(mask)
        annotation["segmentation"] = {"size": [size, size], "counts": run_lengths["counts"].decode()}
    return annotation
